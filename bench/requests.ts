/** The clients: each connection is one, behind the same proxy. */
export const CONNECTIONS = 50;

const BROWSER = {
  Host: 'bench.example',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
  Accept: 'application/json',
  'Accept-Language': 'en',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
};

/** The headers of what a browser sends with `fetch` to its own origin, as a proxy that ended TLS passes it on. */
export function headersOf(client: number, changed: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...BROWSER, 'X-Forwarded-For': `203.0.113.${client + 1}`, 'X-Forwarded-Proto': 'https', ...changed };
}

/** One request of each client, as it goes over the wire. */
export function requestsOf(
  line: string,
  changed: Readonly<Record<string, string>> = {},
  cookies: readonly string[] = [],
): string[] {
  return Array.from({ length: CONNECTIONS }, (_unused, client) => {
    const cookie = cookies[client];
    const headers: Record<string, string> = {
      ...headersOf(client, changed),
      ...(cookie === undefined ? {} : { Cookie: cookie }),
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    // wrk sends whole messages only.
    const body = 'x'.repeat(Number(headers['Content-Length'] ?? 0));
    return `${[`${line} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`;
  });
}
