import { say } from '../../../src/practices/limits/fixtures/raw-socket.ts';
import { HOST } from '../../support/ask.ts';
import { type Sent, send } from '../../support/http.ts';

/** A secret that is planted in one channel: what a log must not hold of it. */
export interface Canary {
  readonly channel: string;
  /** In every form that it might be written in. */
  readonly forms: readonly string[];
  readonly sent?: Sent;
  /** Bytes, where a client of HTTP would not send them. */
  readonly raw?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const post = (target: string, headers: Record<string, string>, body: string): Sent => ({
  method: 'POST',
  target,
  headers: { ...HOST, ...headers },
  body,
});
const get = (target: string, headers: Record<string, string> = {}): Sent => ({
  target,
  headers: { ...HOST, ...headers },
});
const raw = (target: string, headers: string, body = ''): string =>
  `${body === '' ? 'GET' : 'POST'} ${target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n${headers}\r\n${body}`;

/**
 * The canaries are words that look like nothing, so that only the place where they stand gives them away; but for the one
 * in a path, which must look like a token.
 */
const word = (number: number): string => `canary${String(number).padStart(2, '0')}w`;
const PATH_TOKEN = 'cafe'.repeat(8);

/** Makes a canary of what holds its word. */
function plant(number: number, channel: string, make: (secret: string) => Sent | string, ...forms: string[]): Canary {
  const made = make(word(number));
  return { channel, forms: [word(number), ...forms], ...(typeof made === 'string' ? { raw: made } : { sent: made }) };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** One for each way into the server, and for each way from its insides into a log. */
export const CANARIES: readonly Canary[] = [
  plant(1, 'Authorization: Bearer', (s) => get('/', { authorization: `Bearer ${s}` })),
  plant(
    2,
    'Authorization: Basic',
    (s) => get('/', { authorization: `Basic ${base64(`${s}u:${s}`)}` }),
    base64(`${word(2)}u:${word(2)}`),
  ),
  plant(3, 'Proxy-Authorization', (s) => get('/', { 'proxy-authorization': `Bearer ${s}` })),
  plant(4, 'Cookie', (s) => get('/', { cookie: `sid=${s}` })),
  plant(5, 'Cookie with JSON', (s) => get('/', { cookie: `prefs={"theme":"${s}"}` })),
  plant(6, 'X-Api-Key', (s) => get('/', { 'x-api-key': s })),
  plant(7, 'a header that the policy logs, and that is a secret', (s) => get('/', { 'x-tenant-token': s })),
  plant(8, 'query: ?token=', (s) => get(`/?token=${s}`)),
  plant(9, 'query under a harmless name', (s) => get(`/?q=${s}`)),
  plant(10, 'query of the Referer', (s) => get('/', { referer: `https://shop.example/reset?t=${s}` })),
  plant(11, 'user of the Referer', (s) => get('/', { referer: `https://ann:${s}@shop.example/` })),
  { channel: 'token in the path', forms: [PATH_TOKEN], sent: get(`/reset/${PATH_TOKEN}`) },
  plant(13, 'user in an absolute target', (s) => raw(`http://ann:${s}@shop.example/`, '')),
  plant(14, 'JSON body that the app logs', (s) =>
    post('/login', JSON_TYPE, JSON.stringify({ user: 'ann', password: s })),
  ),
  plant(15, 'nested key of a body', (s) => post('/login', JSON_TYPE, JSON.stringify({ a: { list: [{ otp: s }] } }))),
  plant(16, 'malformed JSON', (s) => post('/login', JSON_TYPE, `{"user":"ann","password":"${s}"`)),
  plant(17, 'text where JSON is expected', (s) => post('/login', JSON_TYPE, `${s} is no JSON`)),
  plant(18, 'form', (s) => post('/login', FORM_TYPE, `user=ann&password=${s}`)),
  plant(19, 'malformed form', (s) =>
    post('/login', { 'content-type': `${FORM_TYPE['content-type']}; charset=x-none` }, `password=${s}`),
  ),
  plant(20, 'prototype in a form', (s) => post('/login', FORM_TYPE, `password=${s}&__proto__[a]=1`)),
  plant(21, 'multipart', (s) =>
    post(
      '/login',
      { 'content-type': 'multipart/form-data; boundary=x' },
      `--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n${s}\r\n--x--\r\n`,
    ),
  ),
  plant(22, 'body over the limit', (s) =>
    post('/login', JSON_TYPE, JSON.stringify({ password: s, pad: 'x'.repeat(200_000) })),
  ),
  plant(23, 'malformed traceparent', (s) => get('/', { traceparent: `00-${s}-1-01` })),
  plant(24, 'tracestate', (s) =>
    get('/', { traceparent: `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`, tracestate: `shop=${s}` }),
  ),
  plant(25, 'X-Request-Id', (s) => get('/', { 'x-request-id': `${s}-chosen` })),
  plant(26, 'X-Forwarded-For, X-Forwarded-Host', (s) => get('/', { 'x-forwarded-for': s, 'x-forwarded-host': s })),
  plant(27, 'Origin of a forged request', (s) =>
    post('/login', { origin: `https://${s}.example`, 'sec-fetch-site': 'cross-site' }, ''),
  ),
  plant(28, 'trailer', (s) =>
    raw('/login', 'Transfer-Encoding: chunked\r\nTrailer: X-Secret\r\n', `0\r\nX-Secret: ${s}\r\n\r\n`),
  ),
  plant(29, 'WebSocket upgrade', (s) =>
    raw(
      `/ws?access=${s}`,
      `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: ${s}\r\nSec-WebSocket-Key: ${s}\r\n`,
    ),
  ),
  plant(
    30,
    'bytes that are no request',
    (s) => `GET /?q=${s} HTTP/1.1\r\nHost: shop.example\r\nBad Header ${s}\r\n\r\n`,
  ),
  plant(31, 'violation report', (s) =>
    post(
      '/.well-known/bulwark/reports',
      { 'content-type': 'application/csp-report' },
      JSON.stringify({
        'csp-report': {
          'document-uri': `https://shop.example/reset?t=${s}`,
          'blocked-uri': `https://a.example/?t=${s}`,
          'violated-directive': 'img-src',
          'effective-directive': 'img-src',
          'original-policy': s,
          'script-sample': s,
        },
      }),
    ),
  ),
  plant(32, 'Set-Cookie of the app', (s) => get(`/set?value=${s}`)),
  plant(33, 'header of the answer', (s) => get(`/header?value=${s}`)),
  plant(34, 'URL with a password in an error’s message', (s) => get(`/throw/url?value=${s}`)),
  plant(35, 'err.body', (s) => get(`/throw/body?value=${s}`)),
  plant(36, 'error of an HTTP client: config, request, response', (s) => get(`/throw/axios?value=${s}`)),
  plant(37, 'error of a database: detail, sql, parameters', (s) => get(`/throw/pg?value=${s}`)),
  plant(38, 'cause', (s) => get(`/throw/cause?value=${s}`)),
  plant(39, 'AggregateError', (s) => get(`/throw/aggregate?value=${s}`)),
  plant(40, 'an object that is no error', (s) => get(`/throw/object?value=${s}`)),
  plant(41, 'rejected promise', (s) => get(`/reject?value=${s}`)),
  plant(42, 'JSON.parse in a handler', (s) => get(`/throw/parse?value=${s}`)),
  plant(43, 'the request itself, logged', (s) => get(`/log/request?value=${s}`, { 'x-session-token': s })),
  plant(44, 'a record with settings', (s) => get(`/log/settings?value=${s}`)),
  plant(45, 'a text that a developer put together', (s) => get(`/log/text?value=${s}`)),
  plant(46, 'error of a listener', (s) =>
    get(`/listener?value=${s}`, {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'no-cors',
      'sec-fetch-dest': 'image',
    }),
  ),
];

/** Sends every canary, and returns all that was answered, without the headers: the app may send a cookie to its owner. */
export async function sendAll(port: number): Promise<string> {
  const answers: string[] = [];
  for (const { sent, raw: bytes } of CANARIES) {
    if (sent !== undefined) answers.push((await send(`http://127.0.0.1:${port}`, sent)).body);
    else if (bytes !== undefined) answers.push((await say(port, bytes)).split('\r\n\r\n').slice(1).join('\n'));
  }
  return answers.join('\n');
}
