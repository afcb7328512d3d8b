import type { Setting } from './verdict-app.ts';

/** A request as it is written on the wire, and the verdict on it: `200`, or status and code. */
export interface Row {
  readonly name: string;
  readonly app: Setting;
  readonly wire: string;
  readonly verdict: string;
  /** What the body must hold, where status and code do not say enough. */
  readonly says?: string;
}

/** A header line. */
export type Header = readonly [name: string, value: string];
/** What is written on the wire, where it differs from a plain GET. */
export interface Wire {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string | readonly string[];
  readonly headers?: readonly Header[];
  readonly body?: string;
  readonly app?: Setting;
  readonly says?: string;
}

/** Writes a request on the wire, with what is not said filled in. */
export function row(name: string, verdict: string, request: Wire = {}): Row {
  const { method = 'GET', target = '/', host = 'shop.example', headers = [], body, app = 'direct', says } = request;
  const hosts = typeof host === 'string' ? [host] : host;
  const length: Header[] =
    body === undefined || headers.some(([header]) => /^transfer.encoding$/i.test(header))
      ? []
      : [['Content-Length', String(Buffer.byteLength(body, 'latin1'))]];
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...hosts.map((value) => `Host: ${value}`),
    ...[...headers, ...length].map(([header, value]) => `${header}: ${value}`),
    'Connection: close',
  ];
  const wire = `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
  return { name, app, wire, verdict, ...(says === undefined ? {} : { says }) };
}
