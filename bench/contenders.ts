/** The clients: each connection is one, behind the same proxy. */
const CONNECTIONS = 50;

/** One line of a table: a server, what it is sent, and what it must answer. */
export interface Contender {
  readonly name: string;
  /** Module of servers/, without `.ts`. */
  readonly server: string;
  /** How many requests a client may send in an hour; default: more than it can. */
  readonly limit?: number;
  /** One for each connection. */
  readonly requests: readonly string[];
  readonly status: number;
  /** Headers that the answer must have: a protection that is not there would cost nothing. */
  readonly headers: readonly string[];
}

/** What a browser sends with `fetch` to its own origin, as a proxy that ended TLS passes it on. */
function requests(line: string, changed: Readonly<Record<string, string>> = {}): string[] {
  return Array.from({ length: CONNECTIONS }, (_unused, i) => {
    const headers = {
      Host: 'bench.example',
      'User-Agent':
        'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
      Accept: 'application/json',
      'Accept-Language': 'en',
      'Accept-Encoding': 'gzip, deflate, br, zstd',
      'Sec-Fetch-Site': 'same-origin',
      'Sec-Fetch-Mode': 'cors',
      'Sec-Fetch-Dest': 'empty',
      'X-Forwarded-For': `203.0.113.${i + 1}`,
      'X-Forwarded-Proto': 'https',
      ...changed,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return `${[`${line} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
  });
}

const read = { requests: requests('GET /api/items/42'), status: 200 };
const forged = {
  requests: requests('POST /api/items', {
    Origin: 'https://evil.example',
    'Sec-Fetch-Site': 'cross-site',
    'Content-Length': '0',
  }),
  status: 403,
};
const HAND_WIRED = ['strict-transport-security', 'ratelimit-policy', 'content-security-policy'];
const BULWARK = [...HAND_WIRED, 'x-request-id', 'permissions-policy', 'cache-control'];

/** The first is what the others are measured by. */
export const ANSWERED: readonly Contender[] = [
  { name: 'bare Express 5', server: 'express', ...read, headers: ['x-powered-by'] },
  { name: 'raw `node:http`', server: 'node-http', ...read, headers: [] },
  { name: 'hand-wired, without a session', server: 'hand-wired', ...read, headers: HAND_WIRED },
  { name: 'hand-wired, with express-session', server: 'hand-wired-session', ...read, headers: HAND_WIRED },
  { name: 'Bulwark `secure()`, without a session', server: 'bulwark', ...read, headers: BULWARK },
];

/** Refusals, measured by bare Express's normal answer. */
export const REFUSED: readonly Contender[] = [
  { name: 'bare Express 5: 200', server: 'express', ...read, headers: ['x-powered-by'] },
  { name: 'hand-wired: 429', server: 'hand-wired', limit: 1, ...read, status: 429, headers: HAND_WIRED },
  { name: 'Bulwark: 429', server: 'bulwark', limit: 1, ...read, status: 429, headers: BULWARK },
  { name: 'hand-wired: 403, foreign POST', server: 'hand-wired', ...forged, headers: HAND_WIRED.slice(0, 2) },
  { name: 'Bulwark: 403, foreign POST', server: 'bulwark', ...forged, headers: BULWARK },
  {
    name: 'Bulwark: 421, foreign host',
    server: 'bulwark',
    requests: requests('GET /api/items/42', { Host: 'evil.example' }),
    status: 421,
    headers: ['content-security-policy', 'cache-control'],
  },
];
