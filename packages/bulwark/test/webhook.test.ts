import { describe, expect, it } from 'vitest';
import { exempt, secure } from '../src/index.ts';
import { FOREIGN, one, QUIET } from './support/ask.ts';
import { EXPRESS } from './support/http.ts';

describe.each(EXPRESS)('a webhook on Express %s', (_version, express) => {
  const body = '{ "amount" : 1 }';
  const sent = {
    method: 'POST',
    target: '/webhook',
    headers: { ...FOREIGN, 'content-type': 'application/json' },
    body,
  };

  it('keeps the bytes that its signature is made of where it is exempt from input, and only there', async () => {
    for (const [exemptions, expected] of [
      [['csrf', 'input'], body],
      [['csrf'], '[object Object]'],
    ] as const) {
      const app = express();
      secure(app, QUIET);
      const reasons = exemptions.map((practice) => exempt(practice, { reason: 'signed by the sender' }));
      app.post('/webhook', ...reasons, express.raw({ type: '*/*' }), (req, res) => {
        res.send(Buffer.isBuffer(req.body) ? req.body.toString() : '[object Object]');
      });
      expect((await one(app, sent)).body).toBe(expected);
    }
  });
});
