import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Dicer as Parser } from '@fastify/busboy';
import { Refusal } from '../../../../errors.ts';
import { tooLarge } from '../parser-errors.ts';
import { type Detect, judgeEnd, judgeStart, SAMPLE, TAIL } from './file-content.ts';
import { type FileType, HEADER_LIMIT, type ResolvedFileRule, type ResolvedMultipart } from './multipart-options.ts';
import { HEADERS_PER_PART, malformed, type PartHead, readPartHead } from './part-header.ts';
import { cleanClientName, fileSink, memorySink, randomName, type Sink, type UploadedFile } from './uploaded-file.ts';

/** The libraries that do the work; loaded when they are first needed. */
export interface Libraries {
  readonly Dicer: typeof Parser;
  readonly detect: Detect;
}

/** What a multipart body held. */
export interface Multipart {
  readonly body: Record<string, string | string[]>;
  readonly files: Record<string, UploadedFile[]>;
  /** Removes what lies in a directory and was not kept. */
  release(): Promise<void>;
}

type Part = Parser.PartStream;
type Header = Record<string, string[]>;

/**
 * Reads one multipart body within its limits. It settles in every case: with what was sent, or with a refusal, once every
 * part is closed and nothing is left of the files.
 *
 * @throws Refusal for whatever is wrong with the body
 * @example const { body, files } = await readMultipart(req, boundary, options, libraries)
 */
export async function readMultipart(
  req: IncomingMessage,
  boundary: string,
  options: ResolvedMultipart,
  libraries: Libraries,
): Promise<Multipart> {
  const reading = new Reading(options, libraries.detect);
  // `maxHeaderSize` is known to the parser, though its types do not say so.
  const limits = { maxHeaderPairs: HEADERS_PER_PART + 1, maxHeaderSize: HEADER_LIMIT };
  const parser = new libraries.Dicer({ boundary, ...limits });
  const hear = new AbortController();
  try {
    await run(req, parser, reading, hear.signal);
    return reading.result();
  } catch (error) {
    req.pause();
    await reading.abandon();
    throw error;
  } finally {
    hear.abort();
  }
}

/** Sends the body through the parser until it ends, or something is wrong with it. */
function run(req: IncomingMessage, parser: Parser, reading: Reading, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    let parsed = false;
    let ended = false;
    const settle = (): void => {
      // The last delimiter may come before the end of the request, and what comes after it counts too.
      if (!parsed || !ended) return;
      if (received > reading.allowed()) reject(malformed(TOO_MUCH_BESIDE));
      else reading.settled().then(resolve, reject);
    };
    const take = (chunk: Buffer): void => {
      // The parser has seen what came before this; what it did not give to a part was headers, or stood between the parts.
      if (received > reading.allowed()) return reject(malformed(TOO_MUCH_BESIDE));
      received += chunk.length;
      if (received > reading.options.limit) return reject(tooLarge());
      if (!parsed && !parser.write(chunk)) req.pause();
    };
    const end = (): void => {
      ended = true;
      if (!parsed) parser.end();
      settle();
    };
    const lose = (): void => {
      // All of it may have arrived, and not been read yet: then there is no end any more either.
      if (!ended) reject(new Refusal('ERR_BODY_ABORTED', { reason: ABORTED }));
    };
    const goOn = (): void => void req.resume();

    parser.on('part', (part: Part) => reading.begin(part, reject));
    parser.on('error', () => reject(malformed('the multipart body is malformed or ends early')));
    parser.on('drain', goOn);
    parser.on('finish', () => {
      parsed = true;
      req.resume();
      settle();
    });
    signal.addEventListener('abort', () => {
      parser.off('drain', goOn);
      req.off('data', take).off('end', end).off('error', lose).off('close', lose);
    });
    // It may have been gone before anyone listened.
    if (req.destroyed) lose();
    req.on('end', end).on('error', lose).on('close', lose).on('data', take);
  });
}

const ABORTED = 'the connection was closed before the body was complete';
const TOO_MUCH_BESIDE = 'there is too much beside the parts, or a header is too long';

/** One body while it is being read. */
class Reading {
  readonly options: ResolvedMultipart;
  readonly #detect: Detect;
  readonly #work: Promise<void>[] = [];
  readonly #open = new Set<Part>();
  readonly #sinks = new Set<Sink>();
  readonly #fields: { readonly name: string; value: string }[] = [];
  readonly #files: { readonly name: string; file?: UploadedFile }[] = [];
  readonly #kept = new Set<Sink>();
  #parts = 0;
  #content = 0;
  #headless: Part | undefined;

  constructor(options: ResolvedMultipart, detect: Detect) {
    this.options = options;
    this.#detect = detect;
  }

  /** How many bytes may have come so far: the content of the parts, and a header's length for each, and the last delimiter. */
  allowed(): number {
    return this.#content + (this.#parts + 1) * HEADER_LIMIT;
  }

  /** A part begins. */
  begin(part: Part, fail: (refusal: unknown) => void): void {
    // The parser says of a part that it ended early, whether anyone still listens or not.
    part.on('error', () => undefined);
    this.#open.add(part);
    part.on('close', () => void this.#open.delete(part));
    const { push } = part;
    part.push = (chunk: Buffer | null, ...rest): boolean => {
      this.#content += chunk?.length ?? 0;
      return push.call(part, chunk, ...rest);
    };
    if (++this.#parts > this.options.parts) return fail(tooMany('the form has too many parts'));
    if (this.#headless !== undefined) return fail(malformed('a part has no header'));
    this.#headless = part;
    part.on('header', (header: object) => {
      this.#headless = undefined;
      const work = this.#take(part, header as Header);
      work.catch(fail);
      this.#work.push(work.catch(() => undefined));
    });
  }

  /** Resolves once every part is done with. */
  async settled(): Promise<void> {
    await Promise.all(this.#work);
    if (this.#headless !== undefined) throw malformed('a part has no header');
    const missing = refuseMissing(this.options, new Set(this.#files.map(({ name }) => name)));
    if (missing !== undefined) throw missing;
  }

  /** Closes every part, and removes what was written. */
  async abandon(): Promise<void> {
    for (const part of this.#open) part.destroy();
    await Promise.all(this.#work);
    await Promise.all([...this.#sinks].map((sink) => sink.discard()));
  }

  result(): Multipart {
    const body: Record<string, string | string[]> = {};
    for (const { name, value } of this.#fields) {
      const before = Object.hasOwn(body, name) ? body[name] : undefined;
      if (Array.isArray(before)) before.push(value);
      else body[name] = before === undefined ? value : [before, value];
    }
    const files: Record<string, UploadedFile[]> = {};
    for (const { name, file } of this.#files) {
      if (file === undefined) continue;
      if (Object.hasOwn(files, name)) files[name]?.push(file);
      else files[name] = [file];
    }
    const release = async (): Promise<void> => {
      const left = [...this.#sinks].filter((sink) => !this.#kept.has(sink));
      await Promise.all(left.map((sink) => sink.discard()));
    };
    return { body, files, release };
  }

  async #take(part: Part, header: Header): Promise<void> {
    const head = readPartHead(header, this.options.fields.nameLimit);
    const rule = this.options.files.get(head.name);
    if (head.filename === undefined) {
      if (rule !== undefined) throw malformed('a field that takes a file holds none');
      return this.#takeField(part, head.name);
    }
    if (rule === undefined) throw malformed('a file comes in a field that takes none');
    // What browsers send for a file input that was left empty.
    if (head.filename === '') return requireEmpty(part);
    return this.#takeFile(part, { ...head, filename: head.filename }, rule);
  }

  async #takeField(part: Part, name: string): Promise<void> {
    const { count, limit } = this.options.fields;
    // Its place among the others is the one in which it came.
    const field = { name, value: '' };
    if (this.#fields.push(field) > count) throw tooMany('the form has too many fields');
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of part as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw new Refusal('ERR_BODY_TOO_LARGE', { reason: 'a field is over its limit' });
      chunks.push(chunk);
    }
    const raw = Buffer.concat(chunks);
    if (!isUtf8(raw)) throw malformed('a field is not valid UTF-8');
    field.value = raw.toString('utf8');
  }

  async #takeFile(
    part: Part,
    { name, filename }: PartHead & { filename: string },
    rule: ResolvedFileRule,
  ): Promise<void> {
    const entry: { readonly name: string; file?: UploadedFile } = { name };
    this.#files.push(entry);
    if (this.#files.filter((other) => other.name === name).length > rule.count) {
      throw tooMany('a field has too many files');
    }
    let size = 0;
    let start: Buffer = Buffer.alloc(0);
    let tail: Buffer = Buffer.alloc(0);
    let begun: { readonly sink: Sink; readonly type: string; readonly stored: string } | undefined;
    for await (const chunk of part as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > rule.limit)
        throw new Refusal('ERR_FILE_TOO_LARGE', { reason: 'a file is over the limit of its field' });
      tail = lastOf(tail, chunk);
      if (begun !== undefined) await begun.sink.write(chunk);
      else {
        start = Buffer.concat([start, chunk]);
        if (start.length >= SAMPLE) begun = await this.#store(start, rule);
      }
    }
    begun ??= await this.#store(start, rule);
    judgeEnd(begun.type, size, tail);
    const place = await begun.sink.close();
    const { sink } = begun;
    entry.file = {
      field: name,
      name: begun.stored,
      clientName: cleanClientName(filename),
      type: begun.type as FileType,
      size,
      ...place,
      keep: () => void this.#kept.add(sink),
    };
  }

  async #store(start: Buffer, rule: ResolvedFileRule): Promise<{ sink: Sink; type: string; stored: string }> {
    const { ext, mime } = await judgeStart(start.subarray(0, SAMPLE), rule.types, this.#detect);
    const { directory } = this.options;
    const stored = randomName(ext);
    const sink = directory === undefined ? memorySink() : await fileSink(directory, stored);
    this.#sinks.add(sink);
    await sink.write(start);
    return { sink, type: mime, stored };
  }
}

/** The refusal of a form without a file that it must have. */
export function refuseMissing({ files }: ResolvedMultipart, present: ReadonlySet<string>): Refusal | undefined {
  const missing = [...files].find(([name, { required }]) => required && !present.has(name))?.[0];
  if (missing === undefined) return undefined;
  return new Refusal('ERR_VALIDATION', { reason: `a file is missing in the field ${missing}` });
}

async function requireEmpty(part: Part): Promise<void> {
  for await (const _chunk of part) throw malformed('a file has no name');
}

/** The end of what came so far, as long as the search for a ZIP archive needs it. */
function lastOf(tail: Buffer, chunk: Buffer): Buffer {
  if (chunk.length >= TAIL) return chunk.subarray(chunk.length - TAIL);
  const joined = Buffer.concat([tail, chunk]);
  return joined.length > TAIL ? joined.subarray(joined.length - TAIL) : joined;
}

function tooMany(reason: string): Refusal {
  return new Refusal('ERR_BODY_TOO_MANY_FIELDS', { reason });
}
