import type { IncomingMessage } from 'node:http';

/** A body, or why there is none. */
export type SmallBody = { readonly text: string } | { readonly refused: 'too-large' | 'aborted' };

/**
 * Reads a body of at most `limit` bytes, and stops reading at the first byte beyond.
 *
 * @param done - called exactly once
 */
export function readSmallBody(req: IncomingMessage, limit: number, done: (body: SmallBody) => void): void {
  if (Number(req.headers['content-length'] ?? 0) > limit) return done({ refused: 'too-large' });
  const chunks: Buffer[] = [];
  let size = 0;
  let open = true;
  const finish = (body: SmallBody): void => {
    if (!open) return;
    open = false;
    req.off('data', onData);
    done(body);
  };
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= limit) {
      chunks.push(chunk);
      return;
    }
    req.pause();
    finish({ refused: 'too-large' });
  };
  req.on('data', onData);
  req.once('end', () => finish({ text: Buffer.concat(chunks).toString('utf8') }));
  req.once('error', () => finish({ refused: 'aborted' }));
  req.once('close', () => finish({ refused: 'aborted' }));
}
