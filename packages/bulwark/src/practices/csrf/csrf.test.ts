import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { type Behind, type RefusingApp, serveBehind } from '../../../test/support/refusing-app.ts';
import { contextOf } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { cors } from '../cors/index.ts';
import { type CsrfOptions, csrf } from './index.ts';

const OWN = 'https://shop.example';
const TRUSTED = 'https://login.example';
const EVIL = 'https://evil.example';
const SIBLING = 'https://blog.shop.example';
const COOKIE = { Cookie: 'theme=dark' };

const POLICY: CsrfOptions = { origins: [OWN], trustedOrigins: [TRUSTED] };

type Headers = Readonly<Record<string, string>>;

/** What browsers and others send, and the code of the refusal; nothing where the request is allowed. */
const MATRIX: readonly [string, Headers, string | undefined][] = [
  ['own page', { 'Sec-Fetch-Site': 'same-origin', Origin: OWN, ...COOKIE }, undefined],
  ['own page under no-referrer', { 'Sec-Fetch-Site': 'same-origin', Origin: 'null', ...COOKIE }, undefined],
  [
    'own page, behind a proxy nobody declared',
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://x.example' },
    undefined,
  ],
  ['user, from the address bar', { 'Sec-Fetch-Site': 'none', ...COOKIE }, undefined],
  ['sibling host', { 'Sec-Fetch-Site': 'same-site', Origin: SIBLING, ...COOKIE }, 'ERR_CSRF_SAME_SITE'],
  ['sibling host without Origin', { 'Sec-Fetch-Site': 'same-site', ...COOKIE }, 'ERR_CSRF_SAME_SITE'],
  ['own host over http', { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://shop.example' }, 'ERR_CSRF_CROSS_SITE'],
  ['other own origin', { 'Sec-Fetch-Site': 'same-site', Origin: OWN, ...COOKIE }, undefined],
  ['other site', { 'Sec-Fetch-Site': 'cross-site', Origin: EVIL, ...COOKIE }, 'ERR_CSRF_CROSS_SITE'],
  ['other site without cookie', { 'Sec-Fetch-Site': 'cross-site', Origin: EVIL }, 'ERR_CSRF_CROSS_SITE'],
  ['sandboxed frame', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null', ...COOKIE }, 'ERR_CSRF_CROSS_SITE'],
  ['other site without Origin', { 'Sec-Fetch-Site': 'cross-site' }, 'ERR_CSRF_CROSS_SITE'],
  ['trusted site', { 'Sec-Fetch-Site': 'cross-site', Origin: TRUSTED, ...COOKIE }, undefined],
  ['value in upper case', { 'Sec-Fetch-Site': 'Same-Origin', Origin: OWN }, 'ERR_CSRF_CROSS_SITE'],
  ['unknown value', { 'Sec-Fetch-Site': 'same-planet', Origin: OWN }, 'ERR_CSRF_CROSS_SITE'],
  ['empty value', { 'Sec-Fetch-Site': '' }, 'ERR_CSRF_CROSS_SITE'],
  ['old browser, own page', { Origin: OWN, ...COOKIE }, undefined],
  ['old browser, trusted site', { Origin: TRUSTED, ...COOKIE }, undefined],
  ['old browser, other site', { Origin: EVIL, ...COOKIE }, 'ERR_CSRF_ORIGIN'],
  ['old browser, other site, no cookie', { Origin: EVIL }, 'ERR_CSRF_ORIGIN'],
  ['old browser, own host over http', { Origin: 'http://shop.example' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, own host at another port', { Origin: 'https://shop.example:8443' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, lookalike', { Origin: 'https://shop.example.evil.example' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, other lookalike', { Origin: 'https://evilshop.example' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, upper case', { Origin: 'https://SHOP.example' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, slash', { Origin: 'https://shop.example/' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, dot', { Origin: 'https://shop.example.' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, user', { Origin: 'https://shop.example@evil.example' }, 'ERR_CSRF_ORIGIN'],
  ['old browser, null', { Origin: 'null', ...COOKIE }, 'ERR_CSRF_NULL_ORIGIN'],
  ['old browser, null, no cookie', { Origin: 'null' }, 'ERR_CSRF_NULL_ORIGIN'],
  ['empty Origin', { Origin: '' }, 'ERR_CSRF_ORIGIN'],
  ['only a Referer', { Referer: 'https://shop.example/form', ...COOKIE }, 'ERR_CSRF_NO_ORIGIN'],
  ['script', {}, undefined],
  ['script with a token', { Authorization: 'Bearer x' }, undefined],
  ['script with an empty cookie', { Cookie: ' ' }, undefined],
  ['script with a cookie', COOKIE, 'ERR_CSRF_NO_ORIGIN'],
  ['script with a password', { Authorization: 'Basic eDp5' }, 'ERR_CSRF_NO_ORIGIN'],
  ['script with a ticket', { Authorization: 'negotiate eDp5' }, 'ERR_CSRF_NO_ORIGIN'],
  ['script with a scheme that only begins like one', { Authorization: 'BasicX y' }, undefined],
];

const CHANGING = ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND', 'MKCOL', 'LOCK', 'PURGE'];

describe.each(EXPRESS)('csrf on Express %s', (_, express) => {
  let app: RefusingApp;
  afterEach(() => app.close());

  const start = async (options: CsrfOptions = POLICY, behind: Behind = {}): Promise<void> => {
    app = await serveBehind(express, csrf(options), behind);
  };
  const codeOf = async (headers: Headers, method = 'POST'): Promise<unknown> => {
    const before = app.ran();
    const answer = await send(app.url, { method, headers });
    expect(answer.status).toBe(answer.body === 'done' ? 200 : 403);
    expect(app.ran() - before).toBe(answer.body === 'done' ? 1 : 0);
    return answer.body === 'done' ? undefined : answer.json().code;
  };

  it.each(MATRIX)('%s', async (_name, headers, code) => {
    await start();
    for (const method of CHANGING) expect(await codeOf(headers, method)).toBe(code);
  });

  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/json',
    '',
  ])('whatever the content type: %j', async (type) => {
    await start();
    const headers = { Origin: EVIL, 'Sec-Fetch-Site': 'cross-site', 'Content-Type': type };
    const answer = await send(app.url, { method: 'POST', headers, body: '{"to":"evil"}' });
    expect(answer.json()).toMatchObject({ code: 'ERR_CSRF_CROSS_SITE' });
    expect(app.ran()).toBe(0);
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('%s changes nothing, so its Origin does not matter', async (method) => {
    await start();
    const answer = await send(app.url, { method, headers: { Origin: EVIL, ...COOKIE } });
    expect(answer.status).toBe(200);
  });

  it('refuses headers that came twice, even where both are good', async () => {
    await start();
    const twice = (name: string, value: string): Promise<unknown> =>
      send(app.url, { method: 'POST', headers: { [name]: [value, value] } }).then((answer) => answer.json().code);
    expect(await twice('Origin', OWN)).toBe('ERR_CSRF_ORIGIN');
    expect(await twice('Sec-Fetch-Site', 'same-origin')).toBe('ERR_CSRF_CROSS_SITE');
  });

  it('names the header that made it so, and for null the likely cause; never a value of the request', async () => {
    await start();
    const reasonOf = async (headers: Headers): Promise<unknown> =>
      (await send(app.url, { method: 'POST', headers })).json().reason;
    expect(await reasonOf({ Origin: 'null' })).toMatch(/Origin.*Referrer-Policy: no-referrer/);
    expect(await reasonOf({ Origin: EVIL })).toMatch(/^Origin/);
    expect(await reasonOf({ Origin: EVIL })).not.toContain('evil');
    expect(await reasonOf({ 'Sec-Fetch-Site': 'cross-site' })).toMatch(/^Sec-Fetch-Site/);
    expect(await reasonOf({ 'Sec-Fetch-Site': 'wrong' })).toMatch(/^Sec-Fetch-Site/);
    expect(await reasonOf(COOKIE)).toMatch(/Cookie.*Sec-Fetch-Site.*Origin/);
    expect(await reasonOf({ Authorization: 'Basic x' })).toMatch(/Authorization/);
  });

  it('used alone: takes the scheme, host and port of the request for its own', async () => {
    await start({});
    expect(await codeOf({ Origin: app.url, ...COOKIE })).toBeUndefined();
    expect(await codeOf({ Origin: app.url.replace('http:', 'https:') })).toBe('ERR_CSRF_ORIGIN');
    expect(await codeOf({ Origin: `http://127.0.0.1:${app.port + 1}` })).toBe('ERR_CSRF_ORIGIN');
    expect(await codeOf({ Origin: EVIL, 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' })).toBe(
      'ERR_CSRF_ORIGIN',
    );
  });

  it('fetchMetadata: false goes by Origin alone', async () => {
    await start({ ...POLICY, fetchMetadata: false });
    expect(await codeOf({ Origin: EVIL, 'Sec-Fetch-Site': 'same-origin' })).toBe('ERR_CSRF_ORIGIN');
    expect(await codeOf({ Origin: OWN, 'Sec-Fetch-Site': 'cross-site' })).toBeUndefined();
    expect(await codeOf({ Origin: 'null', 'Sec-Fetch-Site': 'same-origin' })).toBe('ERR_CSRF_NULL_ORIGIN');
    expect(await codeOf({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }, 'GET')).toBeUndefined();
  });

  it('trusts the origins that the route lists for CORS, and any-origin not', async () => {
    await start(POLICY, { decisions: [cors.allow({ origins: [EVIL] })] });
    expect(await codeOf({ Origin: EVIL, 'Sec-Fetch-Site': 'cross-site' })).toBeUndefined();
    await app.close();
    await start(POLICY, { decisions: [cors.allow({ dangerouslyAnyOrigin: true })] });
    expect(await codeOf({ Origin: EVIL, 'Sec-Fetch-Site': 'cross-site' })).toBe('ERR_CSRF_CROSS_SITE');
  });

  it('judges again when it is called again, by the method of that moment', async () => {
    const check = csrf(POLICY);
    await start(POLICY, {
      then: [
        (req, _res, next) => {
          req.method = 'DELETE';
          next();
        },
        check,
        check,
      ],
    });
    expect(await codeOf({ Origin: EVIL }, 'GET')).toBe('ERR_CSRF_ORIGIN');
    expect(await codeOf({ Origin: OWN }, 'GET')).toBeUndefined();
  });
});

describe('csrf on bare objects', () => {
  const judge = (req: object, options = POLICY): unknown => {
    let outcome: unknown = 'not called';
    const request = { method: 'POST', url: '/', headers: {}, socket: {}, ...req } as unknown as IncomingMessage;
    csrf(options)(request, {} as never, (error) => {
      outcome = error instanceof Refusal ? error.code : error;
    });
    return outcome;
  };

  it('takes a client certificate for a credential that browsers add by themselves', () => {
    const socket = (certificate: unknown): object => ({ encrypted: true, getPeerCertificate: () => certificate });
    expect(judge({ socket: socket({ subject: { CN: 'me' } }) })).toBe('ERR_CSRF_NO_ORIGIN');
    expect(judge({ socket: socket({}) })).toBeUndefined();
    expect(judge({ socket: socket(null) })).toBeUndefined();
    expect(judge({ socket: { encrypted: true } })).toBeUndefined();
    expect(judge({ socket: {} })).toBeUndefined();
  });

  it('takes a method that nobody knows, and none, for what it may be', () => {
    const headers = { origin: EVIL };
    expect(judge({ headers, method: 'FROBNICATE' })).toBe('ERR_CSRF_ORIGIN');
    expect(judge({ headers, method: 'get' })).toBe('ERR_CSRF_ORIGIN');
  });

  it('keeps nothing on the request', () => {
    const req = { method: 'POST', url: '/', headers: { origin: OWN }, socket: {} } as unknown as IncomingMessage;
    const context = JSON.stringify(contextOf(req));
    csrf(POLICY)(req, {} as never, () => undefined);
    expect(JSON.stringify(contextOf(req))).toBe(context);
  });
});

describe('settings that csrf refuses at construction', () => {
  it.each<[string, object, string, string]>([
    ['a trusted pattern', { trustedOrigins: [/example$/] }, 'ERR_CONFIG_ORIGIN', 'csrf.trustedOrigins[0]'],
    ['a trusted wildcard', { trustedOrigins: [OWN, '*'] }, 'ERR_CONFIG_ORIGIN', 'csrf.trustedOrigins[1]'],
    ['a trusted null', { trustedOrigins: ['null'] }, 'ERR_CONFIG_ORIGIN', 'csrf.trustedOrigins[0]'],
    ['an own origin with a path', { origins: ['https://shop.example/app'] }, 'ERR_CONFIG_ORIGIN', 'csrf.origins[0]'],
    ['no own origin', { origins: [] }, 'ERR_CONFIG_VALUE', 'csrf.origins'],
    [
      'isolation without its signal',
      { fetchMetadata: false, isolateReads: true },
      'ERR_CONFIG_CONTRADICTION',
      'csrf.isolateReads',
    ],
    ['a misspelt name', { trustedOrigin: [] }, 'ERR_CONFIG_UNKNOWN_KEY', 'csrf.trustedOrigin'],
  ])('%s', (_name, options, code, field) => {
    expect(() => csrf(options)).toThrow(expect.objectContaining({ code, field }));
  });
});
