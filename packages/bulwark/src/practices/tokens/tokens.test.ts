import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ask, QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, type Express, type Received, send, serve } from '../../../test/support/http.ts';
import type { SecurityEvent } from '../../events.ts';
import { access, exempt, type Gate, type Policy, secure } from '../../index.ts';
import { errors, notFound } from '../errors/index.ts';
import { faultOf, KEY, make } from './fixtures/make.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { type IssuedTokens, sendTokens, tokenOf } from './index.ts';

interface App {
  readonly app: ReturnType<Express>;
  readonly gate: Gate;
  readonly events: SecurityEvent[];
}

function gated(express: Express, policy: Partial<Policy> = {}): App {
  const app = express();
  const gate = secure(app, { ...QUIET, tokens: { encryptionKey: KEY, apiKeys: {} }, ...policy });
  const events: SecurityEvent[] = [];
  gate.on('*', (event) => events.push(event));
  app.get('/public', access.public('a test'), (req, res) => void res.send(tokenOf(req)?.kind ?? 'nobody'));
  app.get('/me', access.authenticated(), (req, res) => {
    const bearer = tokenOf(req);
    res.json(bearer?.kind === 'access' ? bearer.claims : bearer?.apiKey);
  });
  app.get(
    '/cached',
    access.authenticated(),
    (_req, res) => void res.set('Cache-Control', 'public, max-age=60').send('mine'),
  );
  app.get('/admin', access.role('admin'), (_req, res) => void res.send('admin'));
  app.get('/orders', access.scope('orders:read'), (_req, res) => void res.send('orders'));
  app.get('/undecided', (_req, res) => void res.send('undecided'));
  return { app, gate, events };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe.each(EXPRESS)('tokens in a gate, on Express %s', (_version, express) => {
  it('let their owner in, with the roles that they say', async () => {
    const { app, gate } = gated(express);
    const clerk = await gate.tokens.issue({ sub: 'ann', roles: ['clerk'] });
    const admin = await gate.tokens.issue({ sub: 'root', roles: ['admin'] });
    const answers = await ask(
      app,
      { target: '/me', headers: bearer(clerk.accessToken) },
      { target: '/admin', headers: bearer(clerk.accessToken) },
      { target: '/admin', headers: bearer(admin.accessToken) },
      { target: '/undecided', headers: bearer(admin.accessToken) },
      { target: '/me' },
      { target: '/public' },
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 403, 401, 200]);
    expect(answers[0]?.json()).toMatchObject({ sub: 'ann', iss: 'https://shop.example', aud: 'https://shop.example' });
    expect(answers[4]?.headers['www-authenticate']).toBe('Bearer');
    expect(answers[5]?.body).toBe('nobody');
  });

  it('that are refused are refused everywhere, say how, and tell of it', async () => {
    const { app, gate, events } = gated(express);
    const { accessToken } = await gate.tokens.issue({ sub: 'ann' });
    const forged = `${accessToken.slice(0, -2)}AA`;
    const answers = await ask(
      app,
      { target: '/me', headers: bearer(forged) },
      { target: '/public', headers: bearer(forged) },
      { target: '/nowhere', headers: bearer(forged) },
    );
    for (const answer of answers) {
      expect(answer.json()).toMatchObject({ status: 401, code: 'ERR_TOKEN_INVALID' });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token"/);
      expect(answer.body).not.toContain('signature');
    }
    const told = events.filter(({ code }) => code === 'ERR_TOKEN_INVALID');
    expect(told).toHaveLength(3);
    expect(told[0]).toMatchObject({ event: 'authn_fail', practice: 'tokens', details: { fault: 'signature' } });
    expect(JSON.stringify(events)).not.toContain(forged.slice(-20));
  });

  it('are read from one Authorization header, and from nowhere else', async () => {
    const { app, gate } = gated(express);
    const { accessToken } = await gate.tokens.issue({ sub: 'ann' });
    const served = await serve(app);
    const host = 'shop.example';
    const status = async (headers: Record<string, string | string[]>, target = '/me'): Promise<number> =>
      (await send(served.url, { target, headers: { host, ...headers } })).status;
    try {
      expect(await status({ authorization: `bearer ${accessToken}` })).toBe(200);
      expect(await status({ authorization: `Bearer  ${accessToken}` })).toBe(400);
      expect(await status({ authorization: `Bearer ${accessToken}, Bearer ${accessToken}` })).toBe(400);
      expect(await status({ authorization: 'Bearer' })).toBe(400);
      expect(await status({ authorization: `Bearer "${accessToken}"` })).toBe(400);
      expect(await status({ authorization: [`Bearer ${accessToken}`, `Bearer ${accessToken}`] })).toBe(400);
      expect(await status({ authorization: [`Basic YTpi`, `Bearer ${accessToken}`] })).toBe(400);
      expect(await status({ authorization: 'Basic YTpi' })).toBe(401);
      expect(await status({ authorization: `Bearer${accessToken}` })).toBe(401);
      expect(await status({}, `/me?access_token=${accessToken}`)).toBe(401);
      expect(await status({ cookie: `access_token=${accessToken}`, 'x-access-token': accessToken })).toBe(401);
      const wrong = await send(served.url, { target: '/me', headers: { host, authorization: 'Bearer a b' } });
      expect(wrong.json()).toMatchObject({ code: 'ERR_TOKEN_REQUEST' });
      expect(wrong.headers['www-authenticate']).toBe('Bearer error="invalid_request"');
    } finally {
      await served.close();
    }
  });

  it('keep what they open out of shared caches', async () => {
    const { app, gate } = gated(express);
    const { accessToken } = await gate.tokens.issue({ sub: 'ann' });
    const [mine, cached] = await ask(
      app,
      { target: '/me', headers: bearer(accessToken) },
      { target: '/cached', headers: bearer(accessToken) },
    );
    for (const answer of [mine, cached]) {
      expect(answer?.headers['cache-control']).toContain('no-store');
      expect(answer?.headers['cache-control']).not.toContain('public');
      expect(answer?.headers.vary).toMatch(/\bAuthorization\b/);
    }
  });

  it('that are revoked end at once, one by one, by session and by user', async () => {
    const { app, gate } = gated(express);
    const issue = async (): Promise<IssuedTokens> => gate.tokens.issue({ sub: 'ann' }, { refresh: true });
    const [one, two, three] = [await issue(), await issue(), await issue()];
    const statuses = async (): Promise<number[]> =>
      (
        await ask(app, ...[one, two, three].map(({ accessToken }) => ({ target: '/me', headers: bearer(accessToken) })))
      ).map(({ status }) => status);
    expect(await statuses()).toEqual([200, 200, 200]);
    await gate.tokens.revoke({ jti: one.jti });
    expect(await statuses()).toEqual([401, 200, 200]);
    await gate.tokens.revoke({ sid: String(two.sid) });
    expect(await statuses()).toEqual([401, 401, 200]);
    await gate.tokens.revoke({ sub: 'ann', except: String(three.sid) });
    expect(await statuses()).toEqual([401, 401, 200]);
    await gate.tokens.revoke({ sub: 'ann' });
    expect(await statuses()).toEqual([401, 401, 401]);
  });

  it('publish public keys only, with a tag, for an hour', async () => {
    const { app, gate } = gated(express);
    await gate.tokens.ready();
    const target = '/.well-known/jwks.json';
    const [first] = await ask(app, { target });
    expect(first?.status).toBe(200);
    expect(first?.headers['content-type']).toBe('application/jwk-set+json');
    expect(first?.headers['cache-control']).toBe('public, max-age=3600');
    expect(first?.headers['access-control-allow-origin']).toBeUndefined();
    const { keys } = first?.json<{ keys: object[] }>() ?? { keys: [] };
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    const [same, head, post] = await ask(
      app,
      { target, headers: { 'if-none-match': `W/"x", ${String(first?.headers.etag)}` } },
      { target, method: 'HEAD' },
      { target, method: 'POST' },
    );
    expect([same?.status, same?.body]).toEqual([304, '']);
    expect([head?.status, head?.body, head?.headers.etag]).toEqual([200, '', first?.headers.etag]);
    expect(post?.status).not.toBe(200);
  });

  it('publish them elsewhere, or nowhere, where that is said', async () => {
    const elsewhere = gated(express, { tokens: { encryptionKey: KEY, jwks: '/keys' } });
    const [there, not] = await ask(elsewhere.app, { target: '/keys' }, { target: '/.well-known/jwks.json' });
    expect([there?.status, not?.status]).toEqual([200, 404]);
    const nowhere = gated(express, { tokens: { encryptionKey: KEY, jwks: false } });
    const [none] = await ask(nowhere.app, { target: '/.well-known/jwks.json' });
    expect(none?.status).toBe(404);
  });

  it('API keys do what their scopes name, and no more than that', async () => {
    const { app, gate } = gated(express);
    const reader = await gate.tokens.apiKeys.create({ owner: 'ann', scopes: ['orders:read'] });
    const none = await gate.tokens.apiKeys.create({ owner: 'ann', scopes: [] });
    const user = await gate.tokens.issue({ sub: 'ann' });
    const limited = await gate.tokens.issue({ sub: 'ann', roles: ['admin'], scope: 'mail:read' });
    const status = async (token: string): Promise<number[]> =>
      (
        await ask(app, ...['/orders', '/me', '/admin', '/public'].map((target) => ({ target, headers: bearer(token) })))
      ).map((answer) => answer.status);
    expect(await status(reader.key)).toEqual([200, 403, 403, 200]);
    expect(await status(none.key)).toEqual([403, 403, 403, 200]);
    expect(await status(user.accessToken)).toEqual([200, 200, 403, 200]);
    expect(await status(limited.accessToken)).toEqual([403, 403, 403, 200]);
    const [denied] = await ask(app, { target: '/me', headers: bearer(reader.key) });
    expect(denied?.headers['www-authenticate']).toBe('Bearer error="insufficient_scope"');
    await gate.tokens.apiKeys.revoke(reader.id);
    expect(await status(reader.key)).toEqual([401, 401, 401, 401]);
  });

  it('API keys are no tokens where they are off', async () => {
    const on = gated(express);
    const { key } = await on.gate.tokens.apiKeys.create({ owner: 'ann', scopes: ['orders:read'] });
    const off = gated(express, { tokens: { encryptionKey: KEY } });
    const [answer] = await ask(off.app, { target: '/orders', headers: bearer(key) });
    expect(answer?.status).toBe(401);
  });

  it('a store that is out of reach is 503, for requests with a token only', async () => {
    const down = (): never => {
      throw new Error('connection lost: redis://user:secret@host');
    };
    const store = { get: down, insert: down, replace: down, remove: down, list: down };
    const { app } = gated(express, { tokens: { encryptionKey: KEY, store } });
    const answers = await ask(
      app,
      { target: '/public' },
      { target: '/me' },
      { target: '/me', headers: bearer('a.b.c') },
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 503]);
    expect(answers[2]?.json()).toMatchObject({ code: 'ERR_UNAVAILABLE' });
    expect(answers[2]?.headers['retry-after']).toBe('5');
    expect(answers[2]?.body).not.toContain('secret');
  });

  it('of others are left to a route that is exempt: nobody is known there', async () => {
    const { app, gate } = gated(express);
    const { accessToken } = await gate.tokens.issue({ sub: 'ann' });
    const lifted = exempt('tokens', { reason: 'the sender has a bearer secret of its own' });
    app.get('/hook', lifted, access.public('a webhook'), (req, res) => void res.send(tokenOf(req)?.kind ?? 'nobody'));
    app.get('/closed', lifted, access.authenticated(), (_req, res) => void res.send('closed'));
    const answers = await ask(
      app,
      { target: '/hook', headers: bearer('whsec_7') },
      { target: '/hook', headers: bearer(accessToken) },
      { target: '/closed', headers: bearer(accessToken) },
    );
    expect(answers.map(({ status, body }) => (status === 200 ? body : status))).toEqual(['nobody', 'nobody', 401]);
  });

  it('in monitor mode report, and let nobody in', async () => {
    const { app, events } = gated(express, { monitor: ['tokens'] });
    const answers = await ask(
      app,
      { target: '/public', headers: bearer('a.b.c') },
      { target: '/me', headers: bearer('a.b.c') },
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 401]);
    expect(events.filter(({ monitored }) => monitored === true)).toHaveLength(2);
  });

  it('of a secured app the self-test finds that they live in one process, and nothing else', async () => {
    const { gate } = gated(express, { https: {}, logging: { stream: { write: () => undefined } } } as Partial<Policy>);
    const { findings, results } = await gate.selfTest();
    expect(findings.map(({ id }) => id)).toEqual(['tokens/not-shared']);
    expect(results['tokens/private-key-published']).toBe('pass');
    expect(results['tokens/unsigned-accepted']).toBe('pass');
  });

  it('alone: the fixture ends what the vulnerable one lets live', async () => {
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

describe('the service', () => {
  it('refuses a schema that would take the session away', async () => {
    const { z } = await import('zod');
    const made = make({ schema: z.object({ sub: z.string() }) });
    expect(await faultOf(made.tokens.service.issue({ sub: 'ann', sid: 's' }))).toBe('ERR_TOKEN_CLAIM');
    const kept = make({ schema: z.object({ sub: z.string(), sid: z.string().optional(), role: z.enum(['clerk']) }) });
    const { accessToken } = await kept.tokens.service.issue({ sub: 'ann', sid: 's', role: 'clerk' });
    await expect(kept.tokens.service.verify(accessToken)).resolves.toMatchObject({
      sub: 'ann',
      sid: 's',
      role: 'clerk',
    });
    expect(await faultOf(kept.tokens.service.issue({ sub: 'ann', role: 'root' }))).toBe('ERR_TOKEN_CLAIM');
  });

  it('refuses a session id that looks like one of its own: nobody would be asked whether it is alive', async () => {
    const made = make({ isSessionAlive: () => false });
    expect(await faultOf(made.tokens.service.issue({ sub: 'ann', sid: 'token-1' }))).toBe('ERR_TOKEN_CLAIM');
    const { accessToken } = await made.tokens.service.issue({ sub: 'ann', sid: 'other' });
    expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('session-ended');
  });

  it('asks for both ends of a revocation at once, and forgets it when no token can be left', async () => {
    let waiting = 0;
    let most = 0;
    const made = make({}, (inner) => ({
      get: async (key) => {
        waiting++;
        most = Math.max(most, waiting);
        await new Promise(setImmediate);
        waiting--;
        return inner.get(key);
      },
      insert: (key, record) => inner.insert(key, record),
      replace: (key, version, record) => inner.replace(key, version, record),
      remove: (key) => inner.remove(key),
      list: (owner) => inner.list(owner),
    }));
    const { accessToken, jti, sid } = await made.tokens.service.issue({ sub: 'ann' }, { refresh: true });
    most = 0;
    await made.tokens.service.verify(accessToken);
    expect(most).toBe(3);
    const before = made.store.size;
    await made.tokens.service.revoke({ jti });
    await made.tokens.service.revoke({ sid: String(sid) });
    await made.tokens.service.revoke({ sid: String(sid) });
    expect(made.store.size).toBe(before + 2);
    expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('revoked');
    expect(await made.tokens.service.revoke({ token: 'a.b.c' })).toBe(false);
    expect(await faultOf(made.tokens.service.revoke({ sid: '' }))).toBe('ERR_CONFIG_VALUE');
  });

  it('after a user was revoked, new tokens are good again once clocks agree', async () => {
    const made = make();
    await made.tokens.service.revoke({ sub: 'ann' });
    const early = await made.tokens.service.issue({ sub: 'ann' });
    expect(await faultOf(made.tokens.service.verify(early.accessToken))).toBe('revoked');
    made.clock.forward(6000);
    const later = await made.tokens.service.issue({ sub: 'ann' });
    await expect(made.tokens.service.verify(later.accessToken)).resolves.toMatchObject({ sub: 'ann' });
  });

  it.each([
    [{ ttl: '25h' }, 'tokens.ttl'],
    [{ refresh: { grace: '2m' } }, 'tokens.refresh.grace'],
    [{ keys: { rotateEvery: '1h' } }, 'tokens.keys.rotateEvery'],
    [{ issuer: '' }, 'tokens.issuer'],
    [{ audience: [] }, 'tokens.audience'],
    [{ jwks: '//evil.example' }, 'tokens.jwks'],
    [{ algorithm: 'HS256' as 'EdDSA' }, 'tokens.algorithm'],
    [{ encryptionKey: 'text' as unknown as typeof KEY }, 'tokens.encryptionKey'],
    [{ secret: 'x' } as object, 'tokens.secret'],
  ])('options that it cannot have: %o', (options, field) => {
    expect(() => make(options)).toThrow(expect.objectContaining({ name: 'ConfigError', field }));
  });
});
