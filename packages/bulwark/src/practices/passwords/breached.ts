import { createHash } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import { normalize } from './text.ts';

/**
 * Says which SHA-1 hashes of breached passwords begin with five hexadecimal digits: lines of `SUFFIX:COUNT`, as the range
 * search of Have I Been Pwned answers. It learns one of a million classes of passwords, and nothing else.
 *
 * @param prefix - five digits, in upper case
 * @param signal - aborted when the time is over
 */
export type BreachSource = (prefix: string, signal: AbortSignal) => Promise<string>;

/** A range has some 1,900 lines with padding; ten times as much is no answer to this question. */
const MOST_BYTES = 1024 * 1024;

/**
 * Asks a server that speaks the range search of Have I Been Pwned, theirs or a copy of your own, with padding, so that the
 * length of the answer does not tell which range was asked for.
 *
 * @param url - where the ranges lie, with a slash at its end; HTTPS, or a loopback address
 * @throws ConfigError `ERR_CONFIG_VALUE` for another URL
 * @see https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange
 * @example passwords({ breached: rangeSearch('https://api.pwnedpasswords.com/range/') })
 */
export function rangeSearch(url: string): BreachSource {
  const base = URL.parse(url);
  const isLoopback = base !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(base.hostname);
  if (
    base === null ||
    !base.pathname.endsWith('/') ||
    !(base.protocol === 'https:' || (base.protocol === 'http:' && isLoopback))
  ) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'rangeSearch()',
      message: 'this is no https:// address that ends in a slash',
      fix: "write rangeSearch('https://api.pwnedpasswords.com/range/')",
    });
  }
  return async (prefix, signal) => {
    const answer = await fetch(new URL(prefix, base), {
      headers: { 'Add-Padding': 'true' },
      // A redirect would carry the prefix to somebody who was not named.
      redirect: 'error',
      signal,
    });
    if (!answer.ok || answer.body === null)
      throw new Error(`the source of breached passwords answered ${answer.status}`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES) throw new Error('the source of breached passwords sends too much');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('latin1');
  };
}

/**
 * Whether a password is known from a breach. Five of the forty digits of its hash leave the process.
 *
 * @throws what the source throws, and a TimeoutError
 */
export async function isBreached(
  password: string,
  source: BreachSource,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const hash = createHash('sha1').update(normalize(password), 'utf8').digest('hex').toUpperCase();
  const own = new AbortController();
  const stop = (): void => own.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => own.abort(new DOMException('it took too long', 'TimeoutError')), timeout).unref();
  try {
    signal?.throwIfAborted();
    // A source that does not heed the signal is not waited for either.
    const lines = await Promise.race([source(hash.slice(0, 5), own.signal), abortOf(own.signal)]);
    return listed(String(lines), hash.slice(5));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

async function abortOf(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  signal.throwIfAborted();
  throw new Error('given up');
}

/** Padding is lines with the count 0. */
function listed(lines: string, suffix: string): boolean {
  return lines.split('\n').some((line) => {
    const [found = '', times = ''] = line.trim().split(':', 2);
    return found.toUpperCase() === suffix && Number(times) > 0;
  });
}
