import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../errors.ts';
import { objectionToTarget, targetOf } from '../client/effective-host.ts';

const CLOSE: Readonly<Record<string, string>> = { Connection: 'close' };

/**
 * Refuses messages whose end or addressee two servers in a row would see differently: what a proxy takes for the body,
 * Node takes for the next request. Node's parser refuses most of it; it lets pass two Host headers, a target that names
 * another host than Host, codings beside `chunked`, Transfer-Encoding in HTTP/1.0, names that only look like it, HTTP/0.9,
 * HTTP/2.0 in a message of HTTP/1, and a request to go on in h2c. Content-Length beside Transfer-Encoding gets here only
 * where the parser was made lenient (`--insecure-http-parser`). RFC 9112 2.3, 3.2, 6.1; ASVS 4.2.1; CWE-444.
 *
 * @returns the refusal, or undefined
 * @example const refusal = refuseFraming(req)
 */
export function refuseFraming(req: IncomingMessage): Refusal | undefined {
  const { rawHeaders } = req;
  let hosts = 0;
  let lengths = 0;
  let codings = 0;
  let coding = '';
  let upgrade = '';
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] ?? '';
    if (!mayMatter(raw)) continue;
    const name = raw.toLowerCase();
    if (name === 'host') hosts++;
    else if (name === 'upgrade') upgrade += `,${rawHeaders[i + 1] ?? ''}`;
    else if (name === 'content-length') lengths++;
    else if (name === 'transfer-encoding') {
      codings++;
      coding = rawHeaders[i + 1] ?? '';
    } else if (name === 'transfer_encoding' || name === 'content_length') {
      return ambiguous('a header that looks like Transfer-Encoding or Content-Length and is neither');
    }
  }
  if (hosts > 1) {
    return new Refusal('ERR_HOST_INVALID', { reason: 'there is more than one Host header', headers: CLOSE });
  }
  // RFC 9112 3.2. Node does so by itself, but not where a gate has told it to leave that to this step.
  if (hosts === 0 && req.httpVersion === '1.1') {
    return new Refusal('ERR_HOST_INVALID', { reason: 'there is no Host header', headers: CLOSE });
  }
  const objection = objectionToTarget(targetOf(req), req.headers.host);
  if (objection !== undefined) return new Refusal('ERR_HOST_INVALID', { reason: objection, headers: CLOSE });
  if (isForeignVersion(req)) return ambiguous('a version of HTTP other than 1.0 and 1.1');
  // Node ignores it, as it may; a proxy that believes the answer to be h2c passes on whatever comes next, unread.
  if (upgrade !== '' && H2C.test(upgrade)) return ambiguous('a request to go on in h2c, which is not spoken here');
  if (lengths > 1) return ambiguous('more than one Content-Length');
  if (codings === 0) return undefined;
  if (codings > 1 || !CHUNKED.test(coding)) return ambiguous('a Transfer-Encoding other than chunked');
  if (lengths > 0) return ambiguous('Content-Length beside Transfer-Encoding');
  if (req.httpVersion === '1.0') return ambiguous('Transfer-Encoding in HTTP/1.0');
  return undefined;
}

/** Whether length and first letter are those of a name that is looked for; the others are not even put into lower case. */
function mayMatter(name: string): boolean {
  const first = LETTERS[name.length];
  return first !== undefined && (name.charCodeAt(0) | 0x20) === first;
}

/** By the length of a name, its first letter: `host`, `upgrade`, `content-length`, `transfer-encoding`. */
const LETTERS: readonly (number | undefined)[] = lettersOf(['host', 'upgrade', 'content-length', 'transfer-encoding']);

function lettersOf(names: readonly string[]): (number | undefined)[] {
  const letters: (number | undefined)[] = Array.from({ length: 1 + Math.max(...names.map(({ length }) => length)) });
  for (const name of names) letters[name.length] = name.charCodeAt(0);
  return letters;
}

/** A tab behind it Node's parser takes for part of the coding, but says so only once the app has the request. */
const CHUNKED = /^[ \t]*chunked *$/i;
const H2C = /,\s*h2c\s*(?:,|$)/i;

/** Versions that node's parser takes in a message of HTTP/1; a request of node:http2 has a stream, and its own version. */
function isForeignVersion(req: IncomingMessage & { readonly stream?: unknown }): boolean {
  const { httpVersion } = req;
  return (httpVersion === '0.9' || httpVersion === '2.0') && req.stream === undefined;
}

function ambiguous(reason: string): Refusal {
  return new Refusal('ERR_REQUEST_SMUGGLING', { reason, headers: CLOSE });
}
