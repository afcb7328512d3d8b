import { type Row, row } from './verdict-row.ts';

const ADDRESSES: readonly Row[] = [
  ...[
    ['an encoded slash', '/any%2fany'],
    ['two slashes', '//any'],
    ['two slashes in an absolute target', 'https://shop.example//any'],
    ['a semicolon', '/any;x=1'],
    ['an encoded semicolon', '/any%3bx'],
    ['an encoded backslash', '/any%5cx'],
    ['a dot segment', '/x/../any'],
    ['an encoded dot segment', '/x/%2e%2e/any'],
    ['a dot segment with a parameter', '/x/..;/any'],
    ['a path that is encoded twice', '/any%252fx'],
    ['a line break in the path', '/any%0d%0ax'],
    ['an overlong slash', '/any%c0%afx'],
    ['a letter that is encoded', '/%61ny'],
    ['a fragment', '/any#x'],
  ].map(([name = '', target = '']) => row(name, '400 ERR_URL_INVALID', { target })),
  ...[
    ['a prototype in the query', '/?a[__proto__][x]=1'],
    ['an encoded prototype in the query', '/?%5f_proto__%5Bx%5D=1'],
    ['an operator in the query', '/?a[$ne]='],
    ['an object in the query', '/?a%5Bb%5D=1'],
    ['a query that cannot be decoded', '/?a=%'],
    ['a zero byte in the query', '/?a=%00'],
    ['1001 parameters', `/?${'a&'.repeat(1000)}`],
  ].map(([name = '', target = '']) => row(name, '400 ERR_QUERY_INVALID', { target })),
  row('a parameter that comes twice, and a list', '200', { target: '/any?a=1&a=2&b[]=1&b[]=2&c[0]=1' }),
  row('a path that only looks so', '404 ERR_NOT_FOUND', { target: '/.well-known/a..b/100%25/caf%C3%A9' }),
];

const declared = (target: string, name: string, verdict: string, content: string, type: string, says?: string): Row =>
  row(name, verdict, {
    method: 'POST',
    target,
    headers: [
      ['Sec-Fetch-Site', 'same-origin'],
      ['Content-Type', type],
    ],
    body: content,
    ...(says === undefined ? {} : { says }),
  });

const GIF = 'GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;';
const part = (header: string, content: string): string =>
  `--x\r\nContent-Disposition: form-data; ${header}\r\n\r\n${content}\r\n`;
const PICTURE = part('name="picture"; filename="a.png"', GIF);
const upload = (name: string, verdict: string, ...parts: string[]): Row =>
  declared('/upload', name, verdict, `${parts.join('')}--x--\r\n`, 'multipart/form-data; boundary=x');

const BODIES: readonly Row[] = [
  declared('/form', 'the same key twice', '400 ERR_BODY_MALFORMED', '{"a":1,"\\u0061":2}', 'application/json'),
  declared('/form', 'a number that is none', '400 ERR_BODY_MALFORMED', '{"a":1e999}', 'application/json'),
  declared('/form', '200 kB that nobody reads', '413 ERR_BODY_TOO_LARGE', 'x'.repeat(200_000), 'text/plain'),
  declared('/signed', 'signed bytes', '200', '{"a" :1,"a":2}', 'application/json', '{"a" :1,"a":2}'),
  declared('/signed', 'too many signed bytes', '413 ERR_BODY_TOO_LARGE', 'x'.repeat(200_000), 'a/b'),
  declared('/only-json', 'JSON where JSON is taken', '200', '{}', 'application/json'),
  declared('/only-json', 'text where JSON is taken', '415 ERR_BODY_TYPE', '{}', 'text/plain'),
  declared(
    '/only-json',
    'too much JSON for the route',
    '413 ERR_BODY_TOO_LARGE',
    JSON.stringify('x'.repeat(2000)),
    'application/json',
  ),
  declared('/stream', 'a stream', '200', 'x', 'a/b', 'streamed'),
  declared('/stream', 'a stream that is too long', '413 ERR_BODY_TOO_LARGE', 'x'.repeat(2000), 'a/b'),
  upload('an upload', '200', PICTURE, part('name="a"', '1')),
  upload('an upload that is something else', '415 ERR_FILE_TYPE', part('name="picture"; filename="a.gif"', '<script>')),
  upload(
    'an upload that is too large',
    '413 ERR_FILE_TOO_LARGE',
    part('name="picture"; filename="a"', GIF + 'x'.repeat(2000)),
  ),
  upload('an upload in another field', '400 ERR_BODY_MALFORMED', part('name="other"; filename="a"', GIF)),
  upload('an upload without a file', '400 ERR_VALIDATION', part('name="a"', '1')),
  upload('an upload with a prototype', '400 ERR_BODY_MALFORMED', PICTURE, part('name="__proto__"', '1')),
  declared(
    '/upload',
    'an upload that is cut short',
    '400 ERR_BODY_MALFORMED',
    PICTURE,
    'multipart/form-data; boundary=x',
  ),
  declared('/upload', 'an upload without a boundary', '400 ERR_BODY_MALFORMED', PICTURE, 'multipart/form-data'),
];

/** Addresses, and bodies as routes declare them. */
export const INPUT: readonly Row[] = [...ADDRESSES, ...BODIES];
