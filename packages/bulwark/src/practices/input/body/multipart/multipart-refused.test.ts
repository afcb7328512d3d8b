import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Served } from '../../../../../test/support/http.ts';
import { PDF, PNG, type SentPart } from '../../fixtures/multipart.ts';
import { codeOf, file, IMAGES, type Upload, uploads } from '../../fixtures/uploads.ts';
import type { MultipartOptions } from '../../index.ts';

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function opened(express: Express, options?: MultipartOptions): Promise<Upload> {
  const served = await uploads(express, options);
  open.push(served);
  return served;
}

describe.each(EXPRESS)('input.multipart() refuses, on Express %s', (_, express) => {
  const big = Buffer.concat([PNG, Buffer.alloc(10_240 - PNG.length)]);
  it.each<[string, readonly SentPart[], number, string]>([
    ['a file over its limit', [file(Buffer.concat([big, Buffer.alloc(1)]))], 413, 'ERR_FILE_TOO_LARGE'],
    ['two files where one is taken', [file(PNG), file(PNG)], 413, 'ERR_BODY_TOO_MANY_FIELDS'],
    [
      'three files where two are taken',
      Array(3).fill({ name: 'scans', filename: 'a', content: PDF }),
      413,
      'ERR_BODY_TOO_MANY_FIELDS',
    ],
    ['a file in another field', [file(PNG, { name: 'other' })], 400, 'ERR_BODY_MALFORMED'],
    ['a file in a field of the same beginning', [file(PNG, { name: 'avatar[0]' })], 400, 'ERR_BODY_MALFORMED'],
    ['text in the place of a file', [{ name: 'avatar', content: 'me.png' }], 400, 'ERR_BODY_MALFORMED'],
    ['a field over its limit', [{ content: 'x'.repeat(10_241) }], 413, 'ERR_BODY_TOO_LARGE'],
    ['101 fields', Array(101).fill({ content: 'x' }), 413, 'ERR_BODY_TOO_MANY_FIELDS'],
    ['10,000 parts', Array(10_000).fill({}), 413, 'ERR_BODY_TOO_MANY_FIELDS'],
    ['10,000 files', Array(10_000).fill({ name: 'avatar', filename: '' }), 413, 'ERR_BODY_TOO_MANY_FIELDS'],
    ['a long name', [{ name: 'n'.repeat(101) }], 400, 'ERR_BODY_MALFORMED'],
    ['a long name in few letters', [{ name: 'é'.repeat(51) }], 400, 'ERR_BODY_MALFORMED'],
    ['__proto__', [{ name: '__proto__' }], 400, 'ERR_BODY_MALFORMED'],
    ['__proto__ as a path', [{ name: 'a[__proto__][b]' }], 400, 'ERR_BODY_MALFORMED'],
    ['constructor.prototype', [{ name: 'constructor.prototype.x' }], 400, 'ERR_BODY_MALFORMED'],
    ['a file named __proto__', [file(PNG, { name: '__proto__' })], 400, 'ERR_BODY_MALFORMED'],
    ['a field that is not UTF-8', [{ content: Buffer.from([0xff]) }], 400, 'ERR_BODY_MALFORMED'],
    ['a field in another charset', [{ type: 'text/plain; charset=utf-7' }], 400, 'ERR_BODY_MALFORMED'],
  ])('%s is refused', async (_name, parts, status, code) => {
    const { post } = await opened(express, IMAGES);
    expect(codeOf(await post(parts))).toEqual([status, code]);
  });

  it('what is just within the limits is taken', async () => {
    const { post } = await opened(express, IMAGES);
    for (const parts of [
      [file(big)],
      [{ content: 'x'.repeat(10_240) }],
      Array<SentPart>(100).fill({ name: 'n'.repeat(100), content: 'x'.repeat(1000) }),
    ]) {
      expect((await post(parts)).status).toBe(200);
    }
  });

  const disposition = 'Content-Disposition: form-data; name="a"';
  it.each([
    ['none', ''],
    ['none for the content', 'X-Other: 1'],
    ['another disposition', 'Content-Disposition: attachment; name="a"'],
    ['a disposition that only begins so', 'Content-Disposition: form-data2; name="a"'],
    ['no name', 'Content-Disposition: form-data'],
    ['an empty name', 'Content-Disposition: form-data; name=""'],
    ['two names', `${disposition}; name="b"`],
    ['two dispositions', `${disposition}\r\n${disposition}`],
    ['two types', `${disposition}\r\nContent-Type: a/b\r\nContent-Type: text/plain`],
    ['two file names', `${disposition}; filename="a"; filename="b"`],
    ['filename*', `${disposition}; filename*=UTF-8''a.png`],
    ['filename and filename*', `${disposition}; filename="a.png"; filename*=UTF-8''a.html`],
    ['another parameter', `${disposition}; x="y"`],
    ['a quotation mark that is open', 'Content-Disposition: form-data; name="a'],
    ['a name with a tab', 'Content-Disposition: form-data; name="a\tb"'],
    ['a name with a zero byte', 'Content-Disposition: form-data; name="a\0b"'],
    ['a multipart in a multipart', `${disposition}\r\nContent-Type: multipart/mixed; boundary=y`],
    ['base64', `${disposition}\r\nContent-Transfer-Encoding: base64`],
    ['nine headers', `${disposition}${'\r\nX-A: 1'.repeat(8)}`],
    ['a header of a megabyte', `${disposition}\r\nX-Long: ${'a'.repeat(1_000_000)}`],
    ['a header of 10 kB', `${disposition}\r\nX-Long: ${'a'.repeat(10_000)}`],
    ['a line of 10 kB that is no header', `${disposition}\r\n${'a'.repeat(10_000)}`],
    ['a long header before the name', `X-Long: ${'a'.repeat(5000)}\r\n${disposition}`],
  ])('a part whose header holds %s is refused', async (_name, header) => {
    const { post } = await opened(express, { ...IMAGES, fields: { limit: '1mb' } });
    expect(codeOf(await post([{ header, content: 'x' }]))).toEqual([400, 'ERR_BODY_MALFORMED']);
  });

  it('headers as clients write them are taken', async () => {
    const { post } = await opened(express, IMAGES);
    for (const header of [
      'content-disposition: form-data; name=a',
      'Content-Disposition: FORM-DATA; Name="a"',
      'Content-Disposition:form-data;name="a"',
      `${disposition}\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nContent-Transfer-Encoding: 8bit`,
    ]) {
      expect([header, (await post([{ header, content: 'x' }])).json()]).toEqual([
        header,
        { body: { a: 'x' }, files: [] },
      ]);
    }
  });

  it.each([
    ['application/json', 415, 'ERR_BODY_TYPE'],
    ['multipart/mixed; boundary=x-7f3a', 415, 'ERR_BODY_TYPE'],
    ['multipart/form-data', 400, 'ERR_BODY_MALFORMED'],
    ['multipart/form-data; boundary=""', 400, 'ERR_BODY_MALFORMED'],
    [`multipart/form-data; boundary=${'b'.repeat(71)}`, 400, 'ERR_BODY_MALFORMED'],
    ['multipart/form-data; boundary="a{b}"', 400, 'ERR_BODY_MALFORMED'],
    ['multipart/form-data; boundary=other', 400, 'ERR_BODY_MALFORMED'],
    ['multipart/form-data; boundary=a; boundary=x-7f3a', 415, 'ERR_BODY_TYPE'],
    ['multipart/form-data; boundary=x-7f3a; charset=utf-16', 415, 'ERR_BODY_TYPE'],
  ])('%s: %i', async (type, status, code) => {
    const { post } = await opened(express, IMAGES);
    expect(codeOf(await post([{ content: 'x' }], type))).toEqual([status, code]);
  });
});
