import type { Unread } from '../../context.ts';
import type { Logger } from './options.ts';
import type { LineKind, Repeats } from './repeats.ts';

/**
 * Makes the function that logs what never became a request: a line for what node's parser refused, a number for handshakes
 * that failed and connections that were dropped, which any scanner makes by the thousand. No byte of what was sent is in it.
 */
export function unreadWriter(logger: Logger, repeats: Repeats | undefined): (what: Unread) => void {
  return function writeUnread({ kind, code, status, ip }) {
    const common = { unread: kind, code, ...(status === undefined ? {} : { status }) };
    const line: LineKind = { level: 'warn', message: MESSAGES[kind], record: common };
    const key = `${kind} ${code}`;
    if (repeats !== undefined) {
      if (kind !== 'request') return repeats.count(key, line);
      if (!repeats.admit(ip, key, line)) return;
    }
    logger.warn({ ...common, ...(ip === undefined ? {} : { ip }) }, line.message);
  };
}

const MESSAGES: Readonly<Record<Unread['kind'], string>> = {
  request: 'request refused unread',
  handshake: 'handshake failed',
  connection: 'connection dropped',
};
