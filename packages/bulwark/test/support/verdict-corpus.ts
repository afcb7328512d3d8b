import { INPUT } from './verdict-corpus-input.ts';
import { VALIDATION } from './verdict-corpus-validation.ts';
import { type Header, type Row, row } from './verdict-row.ts';

export type { Row } from './verdict-row.ts';

const origin = (value: string): Header => ['Origin', value];
const site = (value: string): Header => ['Sec-Fetch-Site', value];
const mode = (value: string): Header => ['Sec-Fetch-Mode', value];
const dest = (value: string): Header => ['Sec-Fetch-Dest', value];
const COOKIE: Header = ['Cookie', 'sid=1'];
const JSON_TYPE: Header = ['Content-Type', 'application/json'];
const FORM_TYPE: Header = ['Content-Type', 'application/x-www-form-urlencoded'];
const HTML: Header = ['Accept', 'text/html'];

const HOSTS: readonly Row[] = [
  row('the host', '200'),
  row('the host in capitals', '200', { host: 'SHOP.example' }),
  row('the host with the port of TLS', '200', {
    app: 'proxied',
    host: 'shop.example:443',
    headers: [
      ['X-Forwarded-For', '203.0.113.7'],
      ['X-Forwarded-Proto', 'https'],
    ],
  }),
  row('the host with the port of TLS, in plain', '421 ERR_HOST_NOT_ALLOWED', { host: 'shop.example:443' }),
  row('the host with a dot', '200', { host: 'shop.example.' }),
  row('a foreign host', '421 ERR_HOST_NOT_ALLOWED', { host: 'evil.example' }),
  row('a host that ends alike', '421 ERR_HOST_NOT_ALLOWED', { host: 'evilshop.example' }),
  row('a host that begins alike', '421 ERR_HOST_NOT_ALLOWED', { host: 'shop.example.evil.example' }),
  row('another port', '421 ERR_HOST_NOT_ALLOWED', { host: 'shop.example:8443' }),
  row('an address', '421 ERR_HOST_NOT_ALLOWED', { host: '127.0.0.1' }),
  row('a user in the host', '400 ERR_HOST_INVALID', { host: 'shop.example@evil.example' }),
  row('a path in the host', '400 ERR_HOST_INVALID', { host: 'shop.example/evil' }),
  row('an empty host', '400 ERR_HOST_INVALID', { host: '' }),
  row('two hosts', '400 ERR_HOST_INVALID', { host: ['shop.example', 'evil.example'] }),
  row('an absolute target that agrees', '200', { target: 'https://shop.example/' }),
  row('an absolute target that disagrees', '400 ERR_HOST_INVALID', { target: 'http://evil.example/' }),
];

const FORWARDED: readonly Row[] = [
  row('X-Forwarded-For of nobody', '200', {
    target: '/who',
    headers: [
      ['X-Forwarded-For', '10.0.0.1'],
      ['X-Real-IP', '10.0.0.1'],
    ],
    says: '["127.0.0.1","http","shop.example"]',
  }),
  row('X-Forwarded-Host of nobody', '200', {
    target: '/who',
    headers: [['X-Forwarded-Host', 'evil.example']],
    says: '["127.0.0.1","http","shop.example"]',
  }),
  row('the last entry of the proxy', '200', {
    app: 'proxied',
    target: '/who',
    headers: [
      ['X-Forwarded-For', '10.0.0.1, 203.0.113.7'],
      ['X-Forwarded-Proto', 'https'],
    ],
    says: '["203.0.113.7","https","shop.example"]',
  }),
  row('X-Forwarded-Host through a proxy that does not set it', '200', {
    app: 'proxied',
    target: '/who',
    headers: [
      ['X-Forwarded-For', '203.0.113.7'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil.example'],
    ],
    says: '["203.0.113.7","https","shop.example"]',
  }),
  row('an entry that is no address', '400 ERR_FORWARDED_INVALID', {
    app: 'proxied',
    headers: [
      ['X-Forwarded-For', 'unknown'],
      ['X-Forwarded-Proto', 'https'],
    ],
  }),
  row('a page that came to the proxy in plain', '308', {
    app: 'proxied',
    headers: [HTML, ['X-Forwarded-For', '203.0.113.7'], ['X-Forwarded-Proto', 'http']],
  }),
  row('a page in plain', '308', { app: 'plain', headers: [HTML] }),
  // A redirect would go round in circles if an undeclared proxy says so; if a stranger does, he is refused as well.
  row('a page in plain, said to be over TLS', '403 ERR_HTTPS_REQUIRED', {
    app: 'plain',
    headers: [HTML, ['X-Forwarded-Proto', 'https']],
  }),
  row('an API call in plain', '403 ERR_HTTPS_REQUIRED', { app: 'plain' }),
  row('a form in plain', '403 ERR_HTTPS_REQUIRED', { app: 'plain', method: 'POST', target: '/form', headers: [HTML] }),
];

const preflight = (name: string, verdict: string, from: string, target: string, ...more: Header[]): Row =>
  row(name, verdict, {
    method: 'OPTIONS',
    target,
    headers: [origin(from), ['Access-Control-Request-Method', 'PUT'], ...more],
  });

const CORS: readonly Row[] = [
  row('a listed origin reads', '200', { headers: [origin('https://app.example'), mode('cors')] }),
  row('a foreign origin reads', '403 ERR_CORS_ORIGIN', { headers: [origin('https://evil.example'), mode('cors')] }),
  row('an origin that ends alike', '403 ERR_CORS_ORIGIN', { headers: [origin('https://evilapp.example')] }),
  row('an origin that begins alike', '403 ERR_CORS_ORIGIN', { headers: [origin('https://app.example.evil.example')] }),
  row('the listed host over http', '403 ERR_CORS_ORIGIN', { headers: [origin('http://app.example')] }),
  row('null in CORS mode', '403 ERR_CORS_ORIGIN', { headers: [origin('null'), mode('cors')] }),
  preflight('a preflight of a listed origin', '204', 'https://app.example', '/form'),
  preflight('a preflight of a foreign origin', '403 ERR_CORS_ORIGIN', 'https://evil.example', '/form'),
  preflight('a preflight where no route is', '403 ERR_CORS_ORIGIN', 'https://evil.example', '/nowhere'),
  row('a preflight for TRACE', '403 ERR_CORS_METHOD', {
    method: 'OPTIONS',
    target: '/form',
    headers: [origin('https://app.example'), ['Access-Control-Request-Method', 'TRACE']],
  }),
  preflight('a preflight for a header', '403 ERR_CORS_HEADER', 'https://app.example', '/form', [
    'Access-Control-Request-Headers',
    'x-debug',
  ]),
  row('the partner on his route', '200', { target: '/partner', headers: [origin('https://partner.example')] }),
  row('the partner elsewhere', '403 ERR_CORS_ORIGIN', { headers: [origin('https://partner.example'), mode('cors')] }),
  row('anybody on the public feed', '200', {
    target: '/feed',
    headers: [origin('https://evil.example'), mode('cors')],
  }),
];

const post = (name: string, verdict: string, ...headers: Header[]): Row =>
  row(name, verdict, { method: 'POST', target: '/form', headers: [COOKIE, ...headers] });

const CSRF: readonly Row[] = [
  post('the own page', '200', site('same-origin'), origin('https://shop.example')),
  post('the address bar', '200', site('none')),
  post('the own page without an origin', '200', site('same-origin'), origin('null')),
  post('another site', '403 ERR_CSRF_CROSS_SITE', site('cross-site'), origin('https://evil.example')),
  post('a sibling', '403 ERR_CSRF_SAME_SITE', site('same-site'), origin('https://blog.shop.example')),
  post('a site of that name does not exist', '403 ERR_CSRF_CROSS_SITE', site('own')),
  post('two sites', '403 ERR_CSRF_CROSS_SITE', site('same-origin'), site('cross-site')),
  post('a trusted origin', '200', site('cross-site'), origin('https://login.example')),
  post('a listed origin', '200', site('cross-site'), origin('https://app.example')),
  post('no Fetch Metadata, the own origin', '200', origin('https://shop.example')),
  post('no Fetch Metadata, a foreign origin', '403 ERR_CSRF_ORIGIN', origin('https://evil.example')),
  post('no Fetch Metadata, another port', '403 ERR_CSRF_ORIGIN', origin('https://shop.example:8443')),
  post('no Fetch Metadata, the own host over http', '403 ERR_CSRF_ORIGIN', origin('http://shop.example')),
  post('no Fetch Metadata, null', '403 ERR_CSRF_NULL_ORIGIN', origin('null')),
  post('neither', '403 ERR_CSRF_NO_ORIGIN'),
  row('neither, and no credentials', '200', { method: 'POST', target: '/form' }),
  row('neither, and a password', '403 ERR_CSRF_NO_ORIGIN', {
    method: 'POST',
    target: '/form',
    headers: [['Authorization', 'Basic YW5uOng=']],
  }),
  ...['PUT', 'DELETE', 'QUERY', 'PATCH'].map((method) =>
    row(`${method} of another site`, '403 ERR_CSRF_CROSS_SITE', {
      method,
      target: '/any',
      headers: [site('cross-site')],
    }),
  ),
  row('a GET that overrides its method', '403 ERR_CSRF_CROSS_SITE', {
    target: '/any',
    headers: [site('cross-site'), mode('navigate'), dest('document'), ['X-HTTP-Method-Override', 'DELETE']],
  }),
  row('a GET with _method', '403 ERR_CSRF_CROSS_SITE', {
    target: '/any?_method=DELETE',
    headers: [site('cross-site'), mode('navigate'), dest('document')],
  }),
  row('the exempt webhook', '200', { method: 'POST', target: '/hook', headers: [COOKIE, site('cross-site')] }),
  row('a link', '200', { headers: [site('cross-site'), mode('navigate'), dest('document')] }),
  row('a frame', '403 ERR_FETCH_ISOLATED', { headers: [site('cross-site'), mode('navigate'), dest('iframe')] }),
  row('an image', '403 ERR_FETCH_ISOLATED', { headers: [site('cross-site'), mode('no-cors'), dest('image')] }),
  row('a badge for others', '200', { target: '/badge', headers: [site('cross-site'), mode('no-cors'), dest('image')] }),
];

const METHODS_AND_URLS: readonly Row[] = [
  row('HEAD', '200', { method: 'HEAD' }),
  row('TRACE', '405 ERR_METHOD_NOT_ALLOWED', { method: 'TRACE', target: '/any' }),
  row('PROPFIND', '405 ERR_METHOD_NOT_ALLOWED', { method: 'PROPFIND', target: '/any' }),
  row('a method that the route does not have', '405 ERR_METHOD_NOT_ALLOWED', { method: 'DELETE', target: '/who' }),
  row('no route', '404 ERR_NOT_FOUND', { target: '/nowhere' }),
  row('no route, for a browser', '404 ERR_NOT_FOUND', { target: '/nowhere', headers: [HTML] }),
  row('a path that cannot be decoded', '400 ERR_URL_INVALID', { target: '/%ff' }),
  row('half an escape', '400 ERR_URL_INVALID', { target: '/%' }),
  row('a zero byte', '400 ERR_URL_INVALID', { target: '/a%00b' }),
  row('a backslash', '400 ERR_URL_INVALID', { target: '/\\evil.example' }),
  row('a route in capitals', '200', { target: '/WHO' }),
  row('a handler that throws', '500 ERR_INTERNAL', { target: '/throws' }),
  row('a handler that rejects', '500 ERR_INTERNAL', { target: '/rejects' }),
  row('a cookie', '200', { target: '/cookie' }),
  row('a redirect', '302', { target: '/redirect' }),
];

const body = (name: string, verdict: string, content: string, ...headers: Header[]): Row =>
  row(name, verdict, {
    method: 'POST',
    target: '/form',
    headers: [site('same-origin'), ...headers],
    body: content,
  });

const BODIES: readonly Row[] = [
  { ...body('JSON', '200', '{"a":1}', JSON_TYPE), says: '{"body":{"a":1}}' },
  { ...body('a form', '200', 'a=1&b[c]=2', FORM_TYPE), says: '{"body":{"a":"1","b[c]":"2"}}' },
  { ...body('text', '200', 'a', ['Content-Type', 'text/plain']), says: '{"body":{}}' },
  body('malformed JSON', '400 ERR_BODY_MALFORMED', '{"a":', JSON_TYPE),
  body('a bare value', '400 ERR_BODY_MALFORMED', '1', JSON_TYPE),
  body('bytes that are not UTF-8', '400 ERR_BODY_MALFORMED', '{"a":"\xff"}', JSON_TYPE),
  body('__proto__', '400 ERR_BODY_MALFORMED', '{"__proto__":{"a":1}}', JSON_TYPE),
  body('constructor.prototype', '400 ERR_BODY_MALFORMED', '{"constructor":{"prototype":1}}', JSON_TYPE),
  body('__proto__ in a form', '400 ERR_BODY_MALFORMED', 'a[__proto__][b]=1', FORM_TYPE),
  body('33 levels', '400 ERR_BODY_MALFORMED', '['.repeat(33) + ']'.repeat(33), JSON_TYPE),
  body('200 kB', '413 ERR_BODY_TOO_LARGE', JSON.stringify('x'.repeat(200_000)), JSON_TYPE),
  body('1001 fields', '413 ERR_BODY_TOO_MANY_FIELDS', 'a=1&'.repeat(1001), FORM_TYPE),
  body('compressed', '415 ERR_BODY_ENCODING', '{}', JSON_TYPE, ['Content-Encoding', 'gzip']),
  body('another charset', '415 ERR_BODY_TYPE', '{}', ['Content-Type', 'application/json; charset=latin1']),
  body('two types', '415 ERR_BODY_TYPE', '{}', JSON_TYPE, FORM_TYPE),
  body('chunked', '200', '2\r\n{}\r\n0\r\n\r\n', JSON_TYPE, ['Transfer-Encoding', 'chunked']),
  row('the exempt webhook’s bytes', '200', {
    method: 'POST',
    target: '/raw',
    headers: [site('same-origin'), JSON_TYPE],
    body: '{"a":',
  }),
];

const MESSAGES: readonly Row[] = [
  body('gzip, chunked', '400 ERR_REQUEST_SMUGGLING', '0\r\n\r\n', ['Transfer-Encoding', 'gzip, chunked']),
  body('identity', '400 ERR_REQUEST_SMUGGLING', '', ['Transfer-Encoding', 'identity']),
  row('Transfer_Encoding', '400 ERR_REQUEST_SMUGGLING', { headers: [['Transfer_Encoding', 'chunked']] }),
  row('101 headers', '431 ERR_HEADERS_TOO_MANY', { headers: Array<Header>(99).fill(['X-A', '1']) }),
  row('100 headers', '200', { headers: Array<Header>(98).fill(['X-A', '1']) }),
];

const LIMITS_AND_ACCESS: readonly Row[] = [
  row('a limit of two: the first request, which is not found', '404 ERR_NOT_FOUND', {
    app: 'limited',
    target: '/none',
  }),
  row('a limit of two: the second, which is forged', '403 ERR_CSRF_CROSS_SITE', {
    app: 'limited',
    method: 'POST',
    target: '/form',
    headers: [site('cross-site')],
  }),
  row('a limit of two: the third', '429 ERR_RATE_LIMIT', { app: 'limited' }),
  row('a limit of two: the fourth, under another address', '429 ERR_RATE_LIMIT', {
    app: 'limited',
    headers: [['X-Forwarded-For', '203.0.113.1']],
  }),
  row('the first log-in', '200', { method: 'POST', target: '/login', headers: [site('same-origin')] }),
  row('the second log-in', '429 ERR_RATE_LIMIT', { method: 'POST', target: '/login', headers: [site('same-origin')] }),
  row('the second log-in, spelt differently', '429 ERR_RATE_LIMIT', {
    method: 'POST',
    target: '/LOGIN/?x=1',
    headers: [site('same-origin'), ['X-Forwarded-For', '203.0.113.1']],
  }),
  row('a stranger', '401 ERR_AUTHENTICATION_REQUIRED', { target: '/account' }),
  row('a user', '200', { target: '/account', headers: [['Authorization', 'Bearer ann']] }),
  row('a user without the role', '403 ERR_ACCESS_DENIED', {
    method: 'DELETE',
    target: '/users/7',
    headers: [site('same-origin'), ['Authorization', 'Bearer ann']],
  }),
  row('a user with the role', '200', {
    method: 'DELETE',
    target: '/users/7',
    headers: [site('same-origin'), ['Authorization', 'Bearer admin']],
  }),
  row('a forged request to it', '403 ERR_CSRF_CROSS_SITE', {
    method: 'DELETE',
    target: '/users/7',
    headers: [site('cross-site'), ['Authorization', 'Bearer admin']],
  }),
];

const UNDECIDED: readonly Row[] = [
  row('denied: a route that nobody decided about', '403 ERR_ACCESS_DENIED', { app: 'denied', target: '/who' }),
  row('denied: the same with HEAD', '403', { app: 'denied', method: 'HEAD', target: '/who' }),
  row('denied: no route', '404 ERR_NOT_FOUND', { app: 'denied', target: '/nowhere' }),
  row('denied: no route below one', '404 ERR_NOT_FOUND', { app: 'denied', target: '/who/else' }),
  row('denied: a method that the route does not have', '405 ERR_METHOD_NOT_ALLOWED', {
    app: 'denied',
    method: 'DELETE',
    target: '/who',
  }),
  row('denied: what may answer is a middleware', '403 ERR_ACCESS_DENIED', { app: 'denied', target: '/assets/none' }),
  row('denied: a stranger', '401 ERR_AUTHENTICATION_REQUIRED', { app: 'denied', target: '/account' }),
  row('denied: a user', '200', { app: 'denied', target: '/account', headers: [['Authorization', 'Bearer ann']] }),
];

const TOKEN = 'A'.repeat(64);

const USERS: readonly Row[] = [
  row('users: a visitor', '200', { app: 'users', target: '/visitor', says: 'never' }),
  row('users: a session that nobody has', '200', {
    app: 'users',
    target: '/visitor',
    headers: [['Cookie', `__Host-session=${TOKEN}`]],
    says: 'never',
  }),
  row('users: two sessions', '200', {
    app: 'users',
    target: '/visitor',
    headers: [['Cookie', `__Host-session=${TOKEN}; __Host-session=${'B'.repeat(64)}`]],
    says: 'never',
  }),
  row('users: a stranger', '401 ERR_AUTHENTICATION_REQUIRED', { app: 'users', target: '/account' }),
  row('users: a token that nobody issued', '401 ERR_TOKEN_INVALID', {
    app: 'users',
    target: '/visitor',
    headers: [['Authorization', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.']],
  }),
  row('users: two tokens', '400 ERR_TOKEN_REQUEST', {
    app: 'users',
    target: '/visitor',
    headers: [
      ['Authorization', 'Bearer a.b.c'],
      ['Authorization', 'Bearer d.e.f'],
    ],
  }),
  row('users: a token in the query', '401 ERR_AUTHENTICATION_REQUIRED', {
    app: 'users',
    target: '/account?access_token=a.b.c',
  }),
];

/** Every request, in the order in which they are sent. */
export const CORPUS: readonly Row[] = [
  ...HOSTS,
  ...FORWARDED,
  ...CORS,
  ...CSRF,
  ...METHODS_AND_URLS,
  ...BODIES,
  ...INPUT,
  ...MESSAGES,
  ...LIMITS_AND_ACCESS,
  ...UNDECIDED,
  ...USERS,
  ...VALIDATION,
];
