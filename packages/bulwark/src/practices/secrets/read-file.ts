import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** A secret is no novel; what is larger was named by mistake, or never ends. */
const MAX_BYTES = 64 * 1024;

/** The text of a small file, or why there is none: the rest of a sentence that begins with the file. */
export type FileReading =
  | { readonly text: string; readonly readableByAll: boolean }
  | { readonly problem: string; readonly missing: boolean };

/**
 * Reads a small text file whole, at the start of a program: a regular file of at most 64 KiB, in UTF-8. Devices and
 * pipes, which may never end, are refused.
 */
export function readSmallFile(path: string): FileReading {
  try {
    // Opening a pipe waits for its other end.
    if (!statSync(path).isFile()) return { problem: 'is no regular file', missing: false };
    const file = openSync(path, 'r');
    try {
      const { mode } = fstatSync(file);
      const buffer = Buffer.alloc(MAX_BYTES + 1);
      let size = 0;
      for (let read = -1; read !== 0 && size < buffer.length; size += read) {
        read = readSync(file, buffer, size, buffer.length - size, null);
      }
      if (size > MAX_BYTES) return { problem: `is larger than ${MAX_BYTES} bytes`, missing: false };
      const text = new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, size));
      return { text, readableByAll: process.platform !== 'win32' && (mode & 0o004) !== 0 };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      ENOENT: 'does not exist',
      ENOTDIR: 'does not exist',
      EACCES: 'may not be read by this user',
      EPERM: 'may not be read by this user',
      ERR_ENCODING_INVALID_ENCODED_DATA: 'is not text in UTF-8',
    };
    const problem = why[code ?? ''] ?? `cannot be read (${code ?? 'unknown error'})`;
    return { problem, missing: code === 'ENOENT' || code === 'ENOTDIR' };
  }
}

/** Takes the last line break of a text away, and only that: editors and `echo` add one. */
export function withoutLastLineBreak(text: string): string {
  return text.replace(/\r?\n$/, '');
}
