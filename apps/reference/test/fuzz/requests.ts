import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

/** One generated request; `client` is the last byte of the address that it comes from. */
export interface FuzzedRequest {
  readonly client: number;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly chunked: boolean;
}

/** What must never come back, and never stand in a log: planted where clients carry secrets. */
export const CANARY = 'canary7f3a9c0d5e6b4a1288c7d9e0f1a2b3c4';

/** Several hundred addresses of loopback, so that no limit of one client ends the run. */
const clients = fc.integer({ min: 2, max: 120 });

const methods = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'QUERY', 'PROPFIND', 'TRACE', 'PURGE'),
  },
);

const ROUTES = [
  '/',
  '/notes',
  '/api/notes',
  '/api/notes/1',
  '/notes/1/delete',
  '/hooks/notes',
  '/healthz',
  '/readyz',
  '/assets/style.css',
  '/assets/favicon.svg',
  '/images/abcdefghijklmnopqrstuv.png',
  '/inject',
  '/inject/late',
  '/.well-known/bulwark/reports',
];

const character = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((code) => String.fromCharCode(code));

/** What node's client can send in a request line; bytes above ASCII are few, since node's parser refuses them unread. */
const targetText = fc
  .string({
    unit: fc.oneof({ weight: 500, arbitrary: character(0x21, 0x7e) }, { weight: 1, arbitrary: character(0x80, 0xff) }),
    maxLength: 30,
  })
  .map((text) => text.replace(/#/g, ''));

const SEGMENTS = [
  '..',
  '%2e%2e',
  '%2f',
  '%5c',
  '%00',
  '%0d%0aSet-Cookie:x=1',
  ';jsessionid=1',
  '//evil.example',
  '%25%32%66',
  '%',
  '%zz',
  '%c0%af',
  '__proto__',
  'constructor',
  '0',
  '-1',
  '9'.repeat(40),
  'a'.repeat(2000),
  CANARY,
];

const path = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...ROUTES) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...ROUTES), fc.constantFrom(...SEGMENTS)).map((p) => p.join('/')) },
  { weight: 1, arbitrary: targetText.map((text) => `/${text}`) },
);

const secretPair = fc.constantFrom(`token=${CANARY}`, `password=${CANARY}`, `api_key=${CANARY}`, `code=${CANARY}`);
const pair = fc.oneof(
  fc.tuple(fc.constantFrom('q', 'limit', 'id', 'title'), targetText).map(([name, value]) => `${name}=${value}`),
  secretPair,
  fc.constantFrom('q=a&q=b', '__proto__[x]=1', 'a[$ne]=1', 'constructor[prototype][x]=1', '%00=1', 'q=%', '=', '&&&'),
  targetText,
);
const query = fc.oneof(
  { weight: 30, arbitrary: fc.constant('') },
  { weight: 20, arbitrary: fc.array(pair, { minLength: 1, maxLength: 6 }).map((pairs) => `?${pairs.join('&')}`) },
  { weight: 1, arbitrary: fc.constant(`?${Array.from({ length: 1500 }, (_, i) => `p${i}=1`).join('&')}`) },
);

/** What node's client can send as the value of a header. */
const headerText = fc.string({
  unit: fc.oneof({ weight: 8, arbitrary: character(0x20, 0x7e) }, { weight: 1, arbitrary: character(0x80, 0xff) }),
  maxLength: 60,
});

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  accept: ['text/html', 'application/json', '*/*', 'text/html;q=0.1,application/json', 'x'.repeat(500)],
  authorization: [`Bearer ${CANARY}`, `Basic ${Buffer.from(`ann:${CANARY}`).toString('base64')}`],
  cookie: [`sid=${CANARY}`, `__Host-session=${CANARY}; theme=dark`],
  'x-api-key': [CANARY],
  referer: [`https://localhost/reset?token=${CANARY}`, 'https://evil.example/', 'not a url'],
  origin: ['https://localhost', 'https://evil.example', 'null'],
  'sec-fetch-site': ['same-origin', 'cross-site', 'same-site', 'none', 'nonsense'],
  'sec-fetch-mode': ['navigate', 'cors', 'no-cors'],
  'access-control-request-method': ['POST', 'DELETE', '\xff'],
  host: ['localhost', 'evil.example', 'localhost:1', '[::1]', 'a b'],
  'x-forwarded-for': ['6.6.6.6', '::1', `"${CANARY}"`],
  forwarded: ['for=6.6.6.6;host=evil.example'],
  'x-forwarded-host': ['evil.example'],
  'x-http-method-override': ['DELETE'],
  'x-request-id': [`id-${'x'.repeat(20)}`, '<script>', 'a\tb'],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-0-0-00', 'ff-1-1-1'],
  range: ['bytes=0-1', 'bytes=9-1', 'bytes=0-,1-,2-'],
  'if-none-match': ['*', '"x"'],
  'if-modified-since': ['Thu, 01 Jan 1970 00:00:00 GMT', 'yesterday'],
  'content-encoding': ['gzip', 'br', 'identity', 'rot13'],
  'user-agent': ['Mozilla/5.0', '\x9b31mred', '$'.concat('{jndi:ldap://evil}')],
  'x-signature': ['t=1,v1=00', `t=1764000000,v1=${'0'.repeat(64)}`],
};

const header = fc
  .constantFrom(...Object.keys(HEADERS))
  .chain((name) =>
    fc
      .oneof({ weight: 4, arbitrary: fc.constantFrom(...(HEADERS[name] ?? [])) }, { weight: 1, arbitrary: headerText })
      .map((value) => [name, value.trim()] as const),
  );
const headers = fc
  .array(header, { maxLength: 4 })
  .map((list): Record<string, string> => Object.fromEntries(list.filter(([, value]) => value !== '')));

const note = fc.record(
  {
    title: fc.oneof(fc.string({ maxLength: 200 }), fc.constantFrom('', 'x'), fc.array(fc.string())),
    text: fc.oneof(fc.string({ maxLength: 500 }), fc.integer(), fc.constant('<img src=x onerror=alert(1)>')),
    format: fc.constantFrom('text', 'html', 'x', 7),
  },
  { requiredKeys: [] },
);
const json = fc.oneof(
  note.map((value) => JSON.stringify(value)),
  note.map((value) => JSON.stringify({ ...value, password: CANARY })),
  fc.json({ maxDepth: 6 }),
  fc.constantFrom(
    `{"title":"x","password":"${CANARY}",}`,
    `${CANARY}`,
    '{"__proto__":{"title":"x"}}',
    '{"title":"a","title":"b"}',
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
    `{"title":"${'x'.repeat(200_000)}"}`,
    '',
    'null',
    '\ufeff{}',
  ),
);

const BOUNDARY = 'fuzzed-boundary';
const part = fc.oneof(
  fc
    .tuple(fc.constantFrom('title', 'text', 'format', '__proto__', 'x'), fc.string({ maxLength: 100 }))
    .map(([name, value]) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`),
  fc
    .tuple(fc.constantFrom('image', 'other'), fc.constantFrom('a.png', '../../a.png', '', 'a.svg', 'a\0.png'))
    .map(
      ([name, file]) =>
        `Content-Disposition: form-data; name="${name}"; filename="${file}"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n${'x'.repeat(300)}`,
    ),
  fc.constantFrom('', 'garbage', 'Content-Disposition: form-data\r\n\r\n', `X: ${'y'.repeat(20_000)}\r\n\r\n`),
);
const multipart = fc
  .tuple(fc.array(part, { maxLength: 5 }), fc.constantFrom('--', '', '\r\n'))
  .map(([parts, end]) => `${parts.map((p) => `--${BOUNDARY}\r\n${p}\r\n`).join('')}--${BOUNDARY}${end}`);

const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  `multipart/form-data; boundary=${BOUNDARY}`,
  'multipart/form-data',
  'text/plain',
  'application/octet-stream',
  'application/reports+json',
  'application/csp-report',
  'nonsense',
];
const typed = (text: fc.Arbitrary<string>, type: string): fc.Arbitrary<Sending> =>
  text.map((content) => ({ type, body: Buffer.from(content, 'utf8') }));

interface Sending {
  readonly type: string | undefined;
  readonly body: Buffer | undefined;
}

const sending: fc.Arbitrary<Sending> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ type: undefined, body: undefined }) },
  { weight: 4, arbitrary: typed(json, 'application/json') },
  {
    weight: 2,
    arbitrary: typed(
      fc.array(pair, { maxLength: 8 }).map((pairs) => pairs.join('&')),
      'application/x-www-form-urlencoded',
    ),
  },
  { weight: 2, arbitrary: typed(multipart, `multipart/form-data; boundary=${BOUNDARY}`) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...TYPES), fc.uint8Array({ maxLength: 300 }))
      .map(([type, bytes]) => ({ type, body: Buffer.from(bytes) })),
  },
  { weight: 1, arbitrary: json.map((text) => ({ type: 'application/json', body: gzipSync(text) })) },
);

/** As a page or a program of the site sends it: what reaches the handlers. */
const plausible: fc.Arbitrary<FuzzedRequest> = fc
  .record({
    client: clients,
    words: fc.string({ unit: 'grapheme', maxLength: 40 }),
    markup: fc.constantFrom('<p>a</p>', '<script>x</script>', '<b', '&lt;', ']]>', '<table><td>x'),
    id: fc.integer({ min: 1, max: 300 }),
    secrets: fc.subarray(['authorization', 'cookie', 'x-api-key']),
    kind: fc.constantFrom('list', 'page', 'search', 'get', 'create', 'rich', 'form', 'remove'),
  })
  .map(({ client, words, markup, id, secrets, kind }) => {
    const carried = Object.fromEntries(secrets.map((name) => [name, HEADERS[name]?.[0] ?? '']));
    const page = { ...carried, origin: 'https://localhost', 'sec-fetch-site': 'same-origin' };
    const request = (method: string, target: string, type?: string, content?: string): FuzzedRequest => ({
      client,
      method,
      target,
      headers: { ...page, ...(type === undefined ? {} : { 'content-type': type }) },
      body: content === undefined ? undefined : Buffer.from(content),
      chunked: false,
    });
    const field = (name: string, value: string): string =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const json = (note: object): [string, string] => ['application/json', JSON.stringify(note)];
    const form = `${field('title', `x${words}`)}${field('text', markup)}--${BOUNDARY}--\r\n`;
    const kinds: Record<typeof kind, () => FuzzedRequest> = {
      list: () => request('GET', '/api/notes?limit=3'),
      page: () => request('GET', '/notes'),
      search: () => request('GET', `/notes?q=${encodeURIComponent(words.toWellFormed())}`),
      get: () => request('GET', `/api/notes/${id}`),
      create: () => request('POST', '/api/notes', ...json({ title: words, text: markup })),
      rich: () => request('POST', '/api/notes', ...json({ title: 'x', text: `${markup}${words}`, format: 'html' })),
      form: () => request('POST', '/notes', `multipart/form-data; boundary=${BOUNDARY}`, form),
      remove: () => request('DELETE', `/api/notes/${id}`),
    };
    return kinds[kind]();
  });

const anything: fc.Arbitrary<FuzzedRequest> = fc
  .record({ client: clients, method: methods, path, query, headers, sending, chunked: fc.boolean() })
  .map(({ client, method, path: at, query: asked, headers: sent, sending: { type, body }, chunked }) => ({
    client,
    method,
    target: `${at}${asked}`,
    headers: { ...sent, ...(type === undefined ? {} : { 'content-type': type }) },
    body: method === 'TRACE' ? undefined : body,
    chunked,
  }));

/** Requests of every kind: well formed, nearly so, and not at all. */
export const requests: fc.Arbitrary<FuzzedRequest> = fc.oneof(
  { weight: 3, arbitrary: anything },
  { weight: 1, arbitrary: plausible },
);
