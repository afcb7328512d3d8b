import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Handler, type Next } from '../../context.ts';
import type { KeySource } from './ring/key-ring.ts';

/** How long others keep the set: no next key signs before it has been published for longer. Milliseconds. */
export const JWKS_MAX_AGE = 3_600_000;

/**
 * Answers with the public keys (RFC 7517 5), at one address. Other origins are not let in by CORS: services verify, not pages.
 *
 * @param path - exactly; `false` for nowhere
 * @example const endpoint = jwksEndpoint('/.well-known/jwks.json', keys)
 */
export function jwksEndpoint(path: string | false, keys: KeySource): Handler {
  return function jwks(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const isOurs = path !== false && (req.method === 'GET' || req.method === 'HEAD') && pathOf(req) === path;
    if (!isOurs) return next();
    Promise.resolve()
      .then(() => keys.load())
      .then(({ published }) => {
        if (published === undefined) return next();
        const body = JSON.stringify(published);
        const tag = `"${createHash('sha256').update(body).digest('base64url')}"`;
        res.setHeader('Cache-Control', `public, max-age=${JWKS_MAX_AGE / 1000}`);
        res.setHeader('ETag', tag);
        if (isKnown(req.headers['if-none-match'], tag)) {
          res.statusCode = 304;
          return void res.end();
        }
        res.statusCode = 200;
        res.setHeader('Content-Type', 'application/jwk-set+json');
        res.setHeader('Content-Length', Buffer.byteLength(body));
        res.end(req.method === 'HEAD' ? undefined : body);
      })
      .catch(next);
  };
}

function pathOf(req: IncomingMessage): string {
  return contextOf(req).url.split('?', 1)[0] ?? '';
}

/** RFC 9110 13.1.2: weak comparison. */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => ['*', tag, `W/${tag}`].includes(part.trim()));
}
