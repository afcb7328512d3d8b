import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { FileType } from './multipart-options.ts';

/** A file that was taken in by `input.multipart()`. */
export interface UploadedFile {
  /** The field that it came in. */
  readonly field: string;
  /** A random name with the extension of its detected type: the one to store it under. */
  readonly name: string;
  /**
   * What the sender calls it, without path, control and direction characters: to be shown (escaped), never to be a path.
   */
  readonly clientName: string;
  /** What its content is. */
  readonly type: FileType;
  /** In bytes. */
  readonly size: number;
  /** The content, where files are kept in memory. */
  readonly buffer?: Buffer;
  /** Where it lies, with a `directory`: owner-only, and removed when the response is over, unless `keep()` was called. */
  readonly path?: string;
  /** Leaves the file of a `directory` where it is when the response is over. */
  keep(): void;
}

/** The files of a request, by field; a field without a file is absent. */
export type UploadedFiles = Readonly<Record<string, readonly UploadedFile[] | undefined>>;

/**
 * The files that `input.multipart()` took in for this request; what `req.files` holds, typed.
 *
 * @example const [avatar] = filesOf(req).avatar ?? []
 */
export function filesOf(req: IncomingMessage): UploadedFiles {
  return (req as { files?: UploadedFiles }).files ?? {};
}

/** Where a file's content goes. */
export interface Sink {
  write(chunk: Buffer): Promise<void> | void;
  /** Ends it; what is left of the file is described by what comes back. */
  close(): Promise<{ buffer?: Buffer; path?: string }>;
  /** Ends and removes it, at any moment; never throws. */
  discard(): Promise<void>;
}

/** Keeps a file in memory. */
export function memorySink(): Sink {
  let chunks: Buffer[] = [];
  return {
    write(chunk) {
      chunks.push(chunk);
    },
    close: async () => {
      const buffer = Buffer.concat(chunks);
      chunks = [];
      return { buffer };
    },
    discard: async () => {
      chunks = [];
    },
  };
}

/** Writes a file that nobody else may read, under a name that nobody could have put there before. ASVS 5.3.2, CWE-377, CWE-732. */
export async function fileSink(directory: string, name: string): Promise<Sink> {
  const path = join(directory, name);
  const handle = await open(path, 'wx', 0o600);
  let closing: Promise<void> | undefined;
  const end = (): Promise<void> => {
    closing ??= handle.close();
    return closing;
  };
  return {
    async write(chunk) {
      for (let done = 0; done < chunk.length; ) done += (await handle.write(chunk, done)).bytesWritten;
    },
    close: async () => {
      await end();
      return { path };
    },
    discard: async () => {
      await end().catch(() => undefined);
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

/** A random name with an extension. */
export function randomName(extension: string): string {
  return `${randomUUID()}.${extension}`;
}

/**
 * What a sender calls a file, to be shown: the last part of a path, in the composed form, without control and direction
 * characters and without the ones that file systems reserve, at most 100 characters long.
 *
 * @example cleanClientName('C:\\fakepath\\..\\evil\u202egnp.exe') // 'evilgnp.exe'
 */
export function cleanClientName(given: string): string {
  const last = given.split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, '')
    .replace(/[<>:"|?*]/g, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  return Array.from(clean).slice(0, 100).join('') || 'file';
}
