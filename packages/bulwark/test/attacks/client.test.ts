import { describe, expect, it } from 'vitest';
import { secure } from '../../src/index.ts';
import { ask, one, QUIET } from '../support/ask.ts';
import { EXPRESS, type Sent } from '../support/http.ts';
import { type App, handWire, pairOf } from './support/hand-wired.ts';

/** Without the limiter: what the proxy settings do to it is in rate-limit.test.ts. */
const STACK = ['log', 'helmet', 'json', 'cookies', 'session'] as const;

describe.each(EXPRESS)('who is calling, and for which host, on Express %s', (_version, express) => {
  /** A shop that mails a link to who has lost the password. */
  const shop = (trustProxy: boolean, linkTo: (req: import('express').Request) => string): App => {
    const app = express();
    if (trustProxy) app.set('trust proxy', true);
    handWire(app, express, { order: STACK });
    app.post('/reset', (req, res) => void res.send(`https://${linkTo(req)}/reset?token=secret`));
    return app;
  };
  const mail = async (app: App, headers: Record<string, string>) =>
    one(app, { method: 'POST', target: '/reset', headers });

  it('1.15a: trust proxy true: X-Forwarded-Host is where the link in the reset mail leads', async () => {
    const forged = { 'x-forwarded-host': 'evil.example' };
    const { wired, secured } = pairOf((secured) => shop(!secured, (req) => req.hostname));
    expect((await mail(wired, forged)).body).toBe('https://evil.example/reset?token=secret');
    expect(() =>
      secure(
        shop(true, (req) => req.hostname),
        QUIET,
      ),
    ).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_TRUST_PROXY' }));
    expect((await mail(secured, forged)).body).toBe('https://shop.example/reset?token=secret');

    // Code that reads the header itself finds nothing there.
    const byHand = pairOf(() => shop(false, (req) => req.get('x-forwarded-host') ?? req.hostname));
    expect((await mail(byHand.wired, forged)).body).toContain('https://evil.example/');
    expect((await mail(byHand.secured, forged)).body).toContain('https://shop.example/');
  });

  it('1.15b: no trust at all: then it is the Host header itself', async () => {
    const { wired, secured } = pairOf(() => shop(false, (req) => req.hostname));
    for (const host of ['evil.example', 'shop.example.evil.example', 'evil.example:443']) {
      expect((await mail(wired, { host })).body).toContain('evil.example/reset?token=secret');
      const refused = await mail(secured, { host });
      expect(refused.json()).toMatchObject({ status: 421, code: 'ERR_HOST_NOT_ALLOWED' });
    }
  });

  it('2.5: trust proxy true: the sender says who he is, over what and for which host', async () => {
    const build = (secured: boolean): App => {
      const app = express();
      if (!secured) app.set('trust proxy', true);
      handWire(app, express, { order: STACK });
      app.get('/', (req, res) => void res.json([req.ip, req.protocol, req.hostname, req.secure]));
      return app;
    };
    const forged: Sent = {
      headers: {
        'x-forwarded-for': '10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'admin.shop.example',
      },
    };
    const { wired, secured } = pairOf(build);
    expect((await one(wired, forged)).json()).toEqual(['10.0.0.1', 'https', 'admin.shop.example', true]);
    expect((await one(secured, forged)).json()).toEqual(['127.0.0.1', 'http', 'shop.example', false]);

    // Behind a proxy that is declared, what it says counts, and nothing else.
    const behind = pairOf(build, { proxy: 'nginx' });
    const [answer] = await ask(behind.secured, {
      headers: { ...forged.headers, 'x-forwarded-for': '10.0.0.1, 203.0.113.7' },
    });
    expect(answer?.json()).toEqual(['203.0.113.7', 'https', 'shop.example', true]);
  });
});
