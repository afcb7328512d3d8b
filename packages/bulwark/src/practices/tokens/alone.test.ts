import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EXPRESS, type Received, send, serve } from '../../../test/support/http.ts';
import { errors, notFound } from '../errors/index.ts';
import { make } from './fixtures/make.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { sendTokens, tokenOf } from './index.ts';

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe.each(EXPRESS)('tokens alone, on Express %s', (_version, express) => {
  it('the fixture ends what the vulnerable one lets live', async () => {
    for (const [create, after] of [
      [createVulnerable, [200, 200, 200]],
      [createSecured, [401, 401, 401]],
    ] as const) {
      const served = await serve(create(express));
      const call = (method: string, target: string, token = '', body?: object): Promise<Received> =>
        send(served.url, {
          method,
          target,
          headers: { 'content-type': 'application/json', ...(token === '' ? {} : bearer(token)) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      try {
        const { access_token, refresh_token } = (await call('POST', '/login')).json<Record<string, string>>();
        expect((await call('GET', '/me', access_token)).body).toBe('ann');
        expect((await call('POST', '/refresh', '', { refresh_token })).status).toBe(200);
        expect((await call('POST', '/logout', access_token)).status).toBe(204);
        const again = [
          await call('GET', '/me', access_token),
          await call('POST', '/refresh', '', { refresh_token }),
          await call('POST', '/refresh', '', { refresh_token }),
        ];
        expect(again.map(({ status }) => status)).toEqual(after);
      } finally {
        await served.close();
      }
    }
  });
});

describe('tokens on bare node:http', () => {
  it('verify, publish keys, and answer with tokens', async () => {
    const { tokens } = make();
    const onError = errors({ onError: () => undefined });
    const handler = (req: IncomingMessage, res: ServerResponse): void => {
      const done = (error?: unknown): void => {
        if (error !== undefined) return onError(error, req, res, () => undefined);
        const found = tokenOf(req);
        if (req.url === '/login') {
          tokens.service.issue({ sub: 'ann' }, { refresh: true }).then((issued) => sendTokens(res, issued), done);
        } else if (found?.kind === 'access') res.end(String(found.claims.sub));
        else notFound(req, res, done);
      };
      tokens(req, res, done);
    };
    const served = await serve(handler);
    try {
      const login = await send(served.url, { target: '/login' });
      expect(login.headers['cache-control']).toBe('no-store');
      expect(login.headers.pragma).toBe('no-cache');
      const body = login.json<Record<string, string>>();
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
      expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
      const me = await send(served.url, { target: '/me', headers: bearer(String(body.access_token)) });
      expect([me.status, me.body, me.headers['cache-control']]).toEqual([200, 'ann', 'private, no-store']);
      const bad = await send(served.url, { target: '/me', headers: bearer('a.b.c') });
      expect([bad.status, bad.headers['www-authenticate']?.startsWith('Bearer error=')]).toEqual([401, true]);
      const jwks = await send(served.url, { target: '/.well-known/jwks.json?x=1' });
      expect(jwks.json<{ keys: unknown[] }>().keys).toHaveLength(2);
    } finally {
      await served.close();
    }
  });
});
