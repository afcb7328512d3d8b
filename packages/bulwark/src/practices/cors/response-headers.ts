import type { ServerResponse } from 'node:http';

const OWNED: ReadonlySet<string> = new Set([
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-private-network',
  'access-control-max-age',
]);

/** Takes away what somebody else said of CORS; the headers to expose are not among it, they open nothing by themselves. */
export function removeCorsHeaders(res: ServerResponse): void {
  for (const name of res.getHeaderNames()) if (OWNED.has(name)) res.removeHeader(name);
}

/** Adds names to `Vary`, and keeps what the app has put there. */
export function appendVary(res: ServerResponse, names: readonly string[]): void {
  const given = res.getHeader('Vary');
  if (given === undefined) return void res.setHeader('Vary', names.join(', '));
  const present = namesIn(given);
  if (present.includes('*')) return;
  const missing = missingFrom(present, names);
  if (missing.length > 0) res.setHeader('Vary', [...present, ...missing].join(', '));
}

/** Adds names to `Access-Control-Expose-Headers`, and keeps what the route exposes itself. */
export function exposeHeaders(res: ServerResponse, names: readonly string[]): void {
  if (names.length === 0) return;
  const present = namesIn(res.getHeader('Access-Control-Expose-Headers'));
  const all = [...present, ...missingFrom(present, names)];
  if (all.length > 0) res.setHeader('Access-Control-Expose-Headers', all.join(', '));
}

function missingFrom(present: readonly string[], names: readonly string[]): string[] {
  const known = present.map((name) => name.toLowerCase());
  return names.filter((name) => !known.includes(name.toLowerCase()));
}

function namesIn(value: number | string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
