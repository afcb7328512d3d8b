import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Next } from '../../../../context.ts';
import type { DecisionHandler } from '../../../../decisions.ts';
import { Refusal } from '../../../../errors.ts';
import { readBodyType } from '../content-type.ts';
import { tooLarge } from '../parser-errors.ts';
import type { Reader, WithBody } from '../reader.ts';
import { declare } from '../route-body.ts';
import { type MultipartOptions, type ResolvedMultipart, resolveMultipart } from './multipart-options.ts';
import { malformed } from './part-header.ts';
import { type Libraries, readMultipart, refuseMissing } from './read-multipart.ts';

/** RFC 2046 5.1.1. */
const BOUNDARY = /^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/;

let libraries: Promise<Libraries> | undefined;

/** Only apps that take files load what reads them. */
function load(): Promise<Libraries> {
  libraries ??= Promise.all([import('@fastify/busboy'), import('file-type')]).then(([busboy, fileType]) => ({
    // CommonJS: what it exports by name is found by looking, which a bundler may not do.
    Dicer: busboy.Dicer ?? (busboy.default as unknown as typeof busboy).Dicer,
    detect: (sample) => fileType.fileTypeFromBuffer(sample),
  }));
  return libraries;
}

/**
 * A route that takes a multipart form.
 *
 * @throws ConfigError for options that it cannot have
 * @example declareMultipart({ files: { avatar: { types: ['image/png'] } } })
 */
export function declareMultipart(options: MultipartOptions = {}): DecisionHandler {
  const resolved = resolveMultipart(options);
  const reader = multipartReader(resolved);
  const files = [...resolved.files].map(([name, { count }]) => (count === 1 ? name : `${name} (${count})`));
  const summary = files.length === 0 ? 'a multipart form' : `a multipart form with files: ${files.join(', ')}`;
  return declare('input.multipart()', summary, () => reader);
}

function multipartReader(options: ResolvedMultipart): Reader {
  const read = (req: WithBody & { files?: unknown }, res: ServerResponse, next: Next): void => {
    const refusal = refuseHead(req, options);
    if (typeof refusal !== 'string') {
      if (refusal.code === 'ERR_BODY_TOO_LARGE') res.shouldKeepAlive = false;
      return next(refusal);
    }
    load()
      .then((loaded) => readMultipart(req, refusal, options, loaded))
      .then(
        ({ body, files, release }) => {
          req.body = body;
          req.files = files;
          if (options.directory === undefined) return next();
          // Gone already: then there will be no `close`.
          if (res.closed || res.destroyed) return void release().then(() => next());
          res.once('close', () => void release());
          next();
        },
        (error: unknown) => leave(req, res, error, options.limit, () => next(error)),
      );
  };
  const types = new Set(['multipart/form-data']);
  const withoutBody = (): Refusal | undefined => refuseMissing(options, new Set());
  return { limit: options.limit, types, isText: true, empty: () => ({}), read, withoutBody, ownLimits: true };
}

/** What can be said before a byte is read; else the boundary. */
function refuseHead(req: IncomingMessage, { limit }: ResolvedMultipart): Refusal | string {
  const coding = req.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    return new Refusal('ERR_BODY_ENCODING', { reason: 'this Content-Encoding is not accepted' });
  }
  if (Number(req.headers['content-length'] ?? 0) > limit) return tooLarge();
  const said = readBodyType(req);
  const boundary = typeof said === 'string' ? undefined : said.boundary;
  if (boundary === undefined || boundary === '') return malformed('the multipart body has no boundary');
  return BOUNDARY.test(boundary) ? boundary : malformed('the boundary of the multipart body is malformed');
}

/**
 * Lets what is left of a refused body run out, so that a sender who reads only when he has sent everything gets the
 * answer. Past the limit of the body he is cut off.
 */
function leave(req: IncomingMessage, res: ServerResponse, error: unknown, limit: number, done: () => void): void {
  res.shouldKeepAlive = false;
  const isOver = error instanceof Refusal && error.headers.Connection === 'close';
  if (isOver || req.readableEnded || req.destroyed) return done();
  let left = limit;
  const over = (): void => {
    req.off('data', count).off('end', over).off('close', over);
    done();
  };
  const count = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) over();
  };
  req.on('data', count).on('end', over).on('close', over).resume();
}
