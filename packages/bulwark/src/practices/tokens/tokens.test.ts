import { describe, expect, it } from 'vitest';
import { ask, QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, type Express, send, serve } from '../../../test/support/http.ts';
import type { SecurityEvent } from '../../events.ts';
import { access, exempt, type Gate, type Policy, secure } from '../../index.ts';
import { KEY } from './fixtures/make.ts';
import { clearRefreshToken, type IssuedTokens, refreshTokenOf, sendTokens, tokenOf } from './index.ts';

interface App {
  readonly app: ReturnType<Express>;
  readonly gate: Gate;
  readonly events: SecurityEvent[];
}

function gated(express: Express, policy: Partial<Policy> = {}): App {
  const app = express();
  const gate = secure(app, {
    ...QUIET,
    stores: { memory: true },
    tokens: { encryptionKey: KEY, apiKeys: {} },
    ...policy,
  });
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
    const [head, payload, signature = ''] = accessToken.split('.');
    const forged = `${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
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

  it('to a page: the refresh token is in a cookie that no script reads, and in no body', async () => {
    const { app, gate } = gated(express);
    const known = access.public('it takes what proves who it is');
    app.post('/login', known, (_req, res, next) => {
      const issued = gate.tokens.issue({ sub: 'ann' }, { refresh: true });
      issued.then((pair) => sendTokens(res, pair, { cookie: true }), next);
    });
    app.post('/token', known, (req, res, next) => {
      gate.tokens.refresh(refreshTokenOf(req) ?? '').then((pair) => sendTokens(res, pair, { cookie: true }), next);
    });
    app.post('/logout', known, (req, res, next) => {
      clearRefreshToken(res);
      gate.tokens.revoke({ token: refreshTokenOf(req) ?? '' }).then(() => res.sendStatus(204), next);
    });
    const own = { origin: 'https://shop.example', 'sec-fetch-site': 'same-origin' };
    const [login] = await ask(app, { method: 'POST', target: '/login', headers: own });
    const [set = ''] = login?.headers['set-cookie'] ?? [];
    expect(set).toMatch(/^__Host-refresh=bwr_[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Strict; Max-Age=2592000$/);
    expect(login?.body).not.toContain('bwr_');
    expect(login?.json()).not.toHaveProperty('refresh_token');
    const cookie = String(set.split(';', 1)[0]);
    const [forged, two, next] = await ask(
      app,
      {
        method: 'POST',
        target: '/token',
        headers: { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      },
      { method: 'POST', target: '/token', headers: { ...own, cookie: `${cookie}; ${cookie}` } },
      { method: 'POST', target: '/token', headers: { ...own, cookie: `a=b; ${cookie}` } },
    );
    expect([forged?.status, two?.status, next?.status]).toEqual([403, 401, 200]);
    const fresh = String(next?.headers['set-cookie']?.[0]?.split(';', 1)[0]);
    expect(fresh).not.toBe(cookie);
    const [out, after] = await ask(
      app,
      { method: 'POST', target: '/logout', headers: { ...own, cookie: fresh } },
      { method: 'POST', target: '/token', headers: { ...own, cookie: fresh } },
    );
    expect(out?.headers['set-cookie']).toEqual([
      '__Host-refresh=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0',
    ]);
    expect(after?.status).toBe(401);
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

  it('the self-test names the claims that are let in all the same, with their reasons', async () => {
    const dangerouslyAllowClaims = { email: 'the old app reads it', phone: 'likewise' };
    const { gate } = gated(express, { tokens: { encryptionKey: KEY, dangerouslyAllowClaims } });
    const { findings } = await gate.selfTest();
    const { severity, message } = findings.find(({ id }) => id === 'tokens/escape-hatch') ?? {};
    expect(severity).toBe('info');
    expect(message).toContain('tokens.dangerouslyAllowClaims: email (the old app reads it); ');
    expect(message).toContain('tokens.dangerouslyAllowClaims: phone (likewise)');
    expect((await gated(express).gate.selfTest()).results['tokens/escape-hatch']).toBe('pass');
  });

  it('publish the keys where access denies, where tokens are only watched, and to the origins of cors alone', async () => {
    const target = '/.well-known/jwks.json';
    const other = 'https://other.example';
    for (const policy of [{}, { monitor: ['tokens'] }, { cors: { origins: [other] } }] satisfies Partial<Policy>[]) {
      const { app } = gated(express, policy);
      const [page, head, navigated, foreign, encoded, post] = await ask(
        app,
        { target },
        { target, method: 'HEAD' },
        { target, headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } },
        { target, headers: { origin: other } },
        { target: '/.well-known/%6awks.json' },
        { target, method: 'POST', headers: { origin: 'https://shop.example' } },
      );
      expect([page?.status, head?.status, navigated?.status]).toEqual([200, 200, 200]);
      expect([page?.headers['set-cookie'], page?.headers['access-control-allow-origin']]).toEqual([
        undefined,
        undefined,
      ]);
      expect(foreign?.headers['access-control-allow-origin']).toBe('cors' in policy ? other : undefined);
      expect([encoded?.status, post?.status]).not.toContain(200);
      expect(post?.body).not.toContain('"keys"');
    }
  });

  it('of a secured app the self-test finds that they live in one process, and nothing else', async () => {
    const { gate } = gated(express, { https: {}, logging: { stream: { write: () => undefined } } });
    const { findings, results } = await gate.selfTest();
    expect(findings.map(({ id }) => id)).toEqual(['tokens/not-shared']);
    expect(results['tokens/private-key-published']).toBe('pass');
    expect(results['tokens/unsigned-accepted']).toBe('pass');
  });
});
