import { isUtf8 } from 'node:buffer';
import { Refusal } from '../../../../errors.ts';
import { objectionToName } from '../body-keys.ts';
import { parseContentType } from '../content-type.ts';

/** What a part says of itself, as far as it is believed. */
export interface PartHead {
  readonly name: string;
  /** What the sender calls the file; undefined for a field that is no file. */
  readonly filename: string | undefined;
}

/** More headers than any client sends with a part. */
export const HEADERS_PER_PART = 8;

const PARAMETER = /^[ \t]*;[ \t]*(name|filename)=("(?:[^"\\]|\\.)*"|[!#$%&'*+.^_`|~0-9A-Za-z-]+)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Reads the header of a part strictly: what one parser takes for a field is a file to another. RFC 7578 4.2, 4.7, 5.1.3;
 * ASVS 1.5.3, CWE-436.
 *
 * @param header - as the parser gives it: values by name in lower case, one character for each byte
 * @throws Refusal `ERR_BODY_MALFORMED`
 * @example readPartHead({ 'content-disposition': ['form-data; name="a"'] }, 100) // { name: 'a', filename: undefined }
 */
export function readPartHead(header: Readonly<Record<string, readonly string[]>>, nameLimit: number): PartHead {
  const names = Object.keys(header);
  const count = names.reduce((sum, name) => sum + (header[name]?.length ?? 0), 0);
  if (count > HEADERS_PER_PART) throw malformed('a part has too many headers');
  const disposition = only(header, 'content-disposition');
  if (disposition === undefined) throw malformed('a part has no Content-Disposition');
  const head = readDisposition(disposition);
  if (Buffer.byteLength(head.name) > nameLimit) throw malformed('the name of a part is too long');
  if (CONTROL.test(head.name)) throw malformed('the name of a part holds a control character');
  const objection = objectionToName(head.name);
  if (objection !== undefined) throw new Refusal(objection.code, objection);

  const encoding = only(header, 'content-transfer-encoding')?.trim().toLowerCase();
  if (encoding !== undefined && !['7bit', '8bit', 'binary'].includes(encoding)) {
    throw malformed('a part has a Content-Transfer-Encoding');
  }
  const type = only(header, 'content-type');
  const said = type === undefined ? {} : parseContentType(type);
  // Some clients write nothing, or nonsense, for the type of a file; it is not believed anyway.
  if (typeof said === 'string') {
    if (head.filename === undefined) throw malformed('the Content-Type of a part is malformed');
    return head;
  }
  if (said.type?.startsWith('multipart/')) throw malformed('a part is itself multipart');
  if (said.charset !== undefined && said.charset !== 'utf-8') throw malformed('the charset of a part must be utf-8');
  return head;
}

function readDisposition(value: string): PartHead {
  const kind = /^[ \t]*form-data(?=[ \t]*(?:;|$))/i.exec(value)?.[0];
  if (kind === undefined) throw malformed('the Content-Disposition of a part is not form-data');
  const found: { name?: string; filename?: string } = {};
  let rest = value.slice(kind.length);
  while (rest.trim() !== '') {
    const [whole, parameter = '', content = ''] = PARAMETER.exec(rest) ?? [];
    // Another parameter, `filename*` among them, is one that another reader may go by.
    if (whole === undefined) throw malformed('the Content-Disposition of a part is malformed');
    const key = parameter.toLowerCase() as 'name' | 'filename';
    if (found[key] !== undefined) throw malformed('the Content-Disposition of a part names something twice');
    found[key] = textOf(content);
    rest = rest.slice(whole.length);
  }
  if (found.name === undefined || found.name === '') throw malformed('a part has no name');
  return { name: found.name, filename: found.filename };
}

/** Quotation marks off, escapes of them and of backslashes undone, bytes to text. */
function textOf(content: string): string {
  const bare = content.startsWith('"') ? content.slice(1, -1).replace(/\\(["\\])/g, '$1') : content;
  const bytes = Buffer.from(bare, 'latin1');
  if (!isUtf8(bytes)) throw malformed('the name of a part is not valid UTF-8');
  return bytes.toString('utf8');
}

function only(header: Readonly<Record<string, readonly string[]>>, name: string): string | undefined {
  const values = header[name] ?? [];
  if (values.length > 1) throw malformed('a part has the same header twice');
  return values[0];
}

/** The refusal of a multipart body that is not well formed. */
export function malformed(reason: string): Refusal {
  return new Refusal('ERR_BODY_MALFORMED', { reason });
}
