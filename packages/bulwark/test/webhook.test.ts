import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { exempt, input, secure } from '../src/index.ts';
import { ask, FOREIGN, QUIET } from './support/ask.ts';
import { EXPRESS, type Sent } from './support/http.ts';

describe.each(EXPRESS)('a webhook on Express %s', (_version, express) => {
  const secret = 'only used in this test';
  const sign = (bytes: string | Buffer): string => createHmac('sha256', secret).update(bytes).digest('hex');
  const body = '{ "amount" : 1 }';
  const sent = (content: string, signature: string): Sent => ({
    method: 'POST',
    target: '/webhook',
    headers: { ...FOREIGN, 'content-type': 'application/json', 'x-signature': signature },
    body: content,
  });
  const verify =
    (bytes: (req: Request) => string | Buffer): RequestHandler =>
    (req, res) => {
      const known = Buffer.from(sign(bytes(req)));
      const given = Buffer.from(String(req.headers['x-signature']));
      res.status(known.length === given.length && timingSafeEqual(known, given) ? 200 : 401).end();
    };
  const answers = async (declared: readonly RequestHandler[], bytes: (req: Request) => string | Buffer) => {
    const app = express();
    secure(app, QUIET);
    app.post('/webhook', exempt('csrf', { reason: 'signed by the sender' }), ...declared, verify(bytes));
    const statuses = (await ask(app, sent(body, sign(body)), sent('{ "amount" : 9 }', sign(body)))).map(
      ({ status }) => status,
    );
    return statuses;
  };

  it('verifies its signature over the bytes, which input.raw() keeps', async () => {
    expect(await answers([input.raw() as RequestHandler], (req) => req.body as Buffer)).toEqual([200, 401]);
  });

  it('control: over what was parsed and written again, the honest sender fails too', async () => {
    expect(await answers([], (req) => JSON.stringify(req.body))).toEqual([401, 401]);
  });

  it('without the signature or from elsewhere in the app nothing is opened: other routes are as they were', async () => {
    const app = express();
    secure(app, QUIET);
    app.post(
      '/webhook',
      exempt('csrf', { reason: 'signed by the sender' }),
      input.raw(),
      verify((req) => req.body as Buffer),
    );
    app.post('/other', (_req, res) => void res.send('reached'));
    const [unsigned, other] = await ask(app, sent(body, ''), { ...sent(body, ''), target: '/other' });
    expect([unsigned?.status, other?.status]).toEqual([401, 403]);
  });
});
