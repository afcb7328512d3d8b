import { Refusal } from '../../../../errors.ts';

/** How much of a file is looked at to tell its type. */
export const SAMPLE = 4100;

/** The end of a ZIP archive lies in its last bytes: 22, and a comment of up to 65,535. */
export const TAIL = 65_557;

/** The smallest whole file of a type; a signature with nothing behind it is none. Others: 32 bytes. */
const SMALLEST: Readonly<Record<string, number>> = {
  'image/png': 57,
  'image/jpeg': 100,
  'image/gif': 26,
  'image/webp': 26,
  'application/zip': 22,
};

/** What makes browsers and PHP take a file for something to run. */
const MARKUP = /<(?:!doctype|html|head|body|script|svg|iframe|object|embed|math|\?php|\?=|%)/i;
const END_OF_ZIP = Buffer.from('PK\u0005\u0006', 'latin1');

/** Tells a file's type by its content. */
export type Detect = (sample: Uint8Array) => Promise<{ readonly ext: string; readonly mime: string } | undefined>;

/**
 * Tells the type of a file by its first bytes, and refuses what is not among the declared types, whatever its name and its
 * Content-Type say. ASVS 5.2.2; CWE-434, CWE-646.
 *
 * @throws Refusal `ERR_FILE_TYPE`
 * @example await judgeStart(sample, new Set(['image/png']), fileTypeFromBuffer) // { ext: 'png', mime: 'image/png' }
 */
export async function judgeStart(
  sample: Buffer,
  types: ReadonlySet<string>,
  detect: Detect,
): Promise<{ ext: string; mime: string }> {
  const found = await detect(sample).catch(() => undefined);
  if (found === undefined || !types.has(found.mime))
    throw notOfType('the content is of none of the types that are taken');
  if (/^(?:image|audio|video)\//.test(found.mime) && MARKUP.test(sample.toString('latin1'))) {
    throw notOfType('the content is also markup or a script');
  }
  if (found.mime !== 'application/pdf' && sample.subarray(0, 1024).includes('%PDF-')) {
    throw notOfType('the content is also a PDF');
  }
  return found;
}

/**
 * Looks at a file once it is whole: one that has no more than a signature, or is an archive as well.
 *
 * @throws Refusal `ERR_FILE_TYPE`
 * @example judgeEnd('image/png', 67, tail)
 */
export function judgeEnd(mime: string, size: number, tail: Buffer): void {
  if (size < (SMALLEST[mime] ?? 32)) throw notOfType('the file is too short to be what it begins as');
  if (mime !== 'application/zip' && tail.includes(END_OF_ZIP)) throw notOfType('the content is also a ZIP archive');
}

function notOfType(reason: string): Refusal {
  return new Refusal('ERR_FILE_TYPE', { reason });
}
