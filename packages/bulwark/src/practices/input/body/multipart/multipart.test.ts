import { createRequire } from 'node:module';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { supportedMimeTypes } from 'file-type';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST, QUIET } from '../../../../../test/support/ask.ts';
import {
  EXPRESS,
  type Express,
  type Listener,
  type Received,
  type Served,
  send,
  serve,
} from '../../../../../test/support/http.ts';
import { exempt } from '../../../../decisions.ts';
import { ConfigError } from '../../../../errors.ts';
import { secure } from '../../../../secure.ts';
import { GIF, HTML, JPEG, MULTIPART_TYPE, multipartBody, PDF, PNG, SVG, WEBP, ZIP } from '../../fixtures/multipart.ts';
import { codeOf, file, IMAGES, show, type Upload, uploads } from '../../fixtures/uploads.ts';
import { filesOf, input, type MultipartOptions } from '../../index.ts';
import { FILE_TYPES } from './multipart-options.ts';
import { cleanClientName } from './uploaded-file.ts';

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function opened(express: Express, options?: MultipartOptions): Promise<Upload> {
  const served = await uploads(express, options);
  open.push(served);
  return served;
}

describe.each(EXPRESS)('input.multipart() on Express %s', (_, express) => {
  it('takes fields as strings, repeated ones as lists, and files by their field', async () => {
    const { post } = await opened(express, IMAGES);
    const answer = await post([
      { name: 'title', content: 'Grüße' },
      { name: 'tag', content: 'a' },
      file(PNG),
      { name: 'tag', content: 'b' },
      { name: 'tag', content: '' },
      { name: 'a[b]', content: '1', type: 'text/plain; charset=utf-8' },
      { name: 'scans', filename: 'one.pdf', content: PDF },
      { name: 'scans', filename: 'two.pdf', content: PDF },
      { name: 'constructor', content: 'Ferrari' },
    ]);
    const name = /^[\da-f-]{36}\.(png|pdf)$/;
    expect(answer.json()).toEqual({
      body: { title: 'Grüße', tag: ['a', 'b', ''], 'a[b]': '1', constructor: 'Ferrari' },
      files: [
        {
          field: 'avatar',
          name: expect.stringMatching(name) as string,
          clientName: 'me.png',
          type: 'image/png',
          size: PNG.length,
          content: PNG.toString('base64'),
          path: null,
        },
        ...['one.pdf', 'two.pdf'].map((clientName) => ({
          field: 'scans',
          name: expect.stringMatching(name) as string,
          clientName,
          type: 'application/pdf',
          size: PDF.length,
          content: PDF.toString('base64'),
          path: null,
        })),
      ],
    });
  });

  it('an empty form, and a file input that was left empty, are no files', async () => {
    const { post } = await opened(express, IMAGES);
    expect((await post([])).json()).toEqual({ body: {}, files: [] });
    const empty = { name: 'avatar', filename: '', type: 'application/octet-stream' };
    expect((await post([empty])).json()).toEqual({ body: {}, files: [] });
    expect(codeOf(await post([{ ...empty, content: PNG }]))).toEqual([400, 'ERR_BODY_MALFORMED']);
  });

  it('a required file that is missing is refused, with and without a body', async () => {
    const required = { files: { avatar: { types: ['image/png'], required: true } } } as const;
    const { post } = await opened(express, required);
    expect((await post([file(PNG)])).status).toBe(200);
    for (const parts of [[], [{ name: 'title' }], [{ name: 'avatar', filename: '' }]]) {
      const answer = await post(parts);
      expect(answer.json()).toMatchObject({
        status: 400,
        code: 'ERR_VALIDATION',
        detail: 'a file is missing in the field avatar',
      });
    }
    const app = express();
    secure(app, QUIET);
    app.all('/', input.multipart(required), show);
    const served = await serve(app);
    open.push(served);
    expect(codeOf(await send(served.url, { method: 'POST', headers: HOST }))).toEqual([400, 'ERR_VALIDATION']);
    expect((await send(served.url, { headers: HOST })).status).toBe(200);
  });

  it('goes by the content, not by the name or the type that the sender says', async () => {
    const { post } = await opened(express, IMAGES);
    for (const [content, type, extension] of [
      [PNG, 'image/png', 'png'],
      [JPEG, 'image/jpeg', 'jpg'],
      [GIF, 'image/gif', 'gif'],
      [WEBP, 'image/webp', 'webp'],
    ] as const) {
      for (const more of [{}, { filename: 'x.exe', type: 'text/html' }, { filename: 'x', type: 'nonsense' }]) {
        const [taken] = (await post([file(content, more)])).json<{ files: { type: string; name: string }[] }>().files;
        expect([taken?.type, taken?.name.split('.')[1]]).toEqual([type, extension]);
      }
    }
  });

  const text = Buffer.from('just text, long enough to be something');
  const start = Buffer.concat([GIF, Buffer.alloc(40)]);
  it.each<[string, Buffer]>([
    ['text', text],
    ['nothing', Buffer.alloc(0)],
    ['HTML', HTML],
    ['SVG', SVG],
    ['SVG with an XML declaration', Buffer.concat([Buffer.from('<?xml version="1.0"?>'), SVG])],
    ['a type that the field does not take', PDF],
    ['an archive', ZIP],
    ['a program', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(100)])],
    ['the signature of a JPEG, and nothing else', JPEG.subarray(0, 3)],
    ['the signature of a GIF, and nothing else', GIF.subarray(0, 6)],
    ['half of a PNG', PNG.subarray(0, 40)],
    ['a GIF that is a script', Buffer.concat([Buffer.from('GIF89a/*'), HTML])],
    ['a GIF that is PHP', Buffer.concat([start, Buffer.from('<?php system($_GET[0]);')])],
    ['a PNG that is HTML', Buffer.concat([PNG, HTML])],
    ['a PNG that is a ZIP archive', Buffer.concat([PNG, ZIP])],
    ['a PNG that is a ZIP archive with a comment', Buffer.concat([PNG, ZIP, Buffer.alloc(5000, 1)])],
    ['a JPEG that is a PDF', Buffer.concat([JPEG, PDF])],
  ])('%s is no image', async (_name, content) => {
    const { post } = await opened(express, IMAGES);
    expect(codeOf(await post([file(content)]))).toEqual([415, 'ERR_FILE_TYPE']);
  });

  it('control: multer 1.x takes HTML for an image where its filter goes by the sender’s word', async () => {
    const load = createRequire(import.meta.url);
    const multer = load('multer1') as (options: object) => { single(name: string): RequestHandler };
    const fileFilter = (
      _req: unknown,
      { mimetype }: { mimetype: string },
      done: (error: null, ok: boolean) => void,
    ): void => done(null, mimetype === 'image/png');
    const app = express();
    app.post('/', multer({ fileFilter }).single('avatar'), (req, res) => {
      const { file: taken } = req as { file?: { buffer: Buffer; originalname: string } };
      res.json([taken?.buffer.toString(), taken?.originalname]);
    });
    const served = await serve(app);
    open.push(served);
    const answer = await send(served.url, {
      method: 'POST',
      headers: { 'content-type': MULTIPART_TYPE },
      body: multipartBody(file(HTML, { filename: 'me.html' })),
    });
    expect(answer.json()).toEqual([HTML.toString(), 'me.html']);
  });

  it('the sender’s name is shown cleaned, and never a path', async () => {
    const { post } = await opened(express, IMAGES);
    for (const [filename, clean] of [
      ['../../etc/passwd', 'passwd'],
      ['C:\\\\fakepath\\\\me.png', 'me.png'],
      ['C:\\fakepath\\me.png', 'me.png'],
      ['..', 'file'],
      ['a\u202egnp.exe', 'agnp.exe'],
      ['.htaccess', 'htaccess'],
      ['a<b>:c|d?.png', 'a_b__c_d_.png'],
      ['x'.repeat(300), 'x'.repeat(100)],
      ['e\u0301.png', '\u00e9.png'],
      ['say \\"hi\\".png', 'say _hi_.png'],
    ]) {
      const [taken] = (await post([file(PNG, { filename: filename ?? '' })])).json<{
        files: { clientName: string }[];
      }>().files;
      expect([filename, taken?.clientName]).toEqual([filename, clean]);
    }
    expect(cleanClientName('a\u0000b\r\nc\u001b[1m')).toBe('abc[1m');
    expect(cleanClientName('/')).toBe('file');
  });

  it('stands behind csrf and the route’s own decisions, and shows in the coverage', async () => {
    const app = express();
    const gate = secure(app, QUIET);
    let read = 0;
    app.post('/', input.multipart(IMAGES), (req, res) => {
      read++;
      show(req, res, () => undefined);
    });
    expect(gate.coverage()[0]?.practices.input.reason).toBe('a multipart form with files: avatar, scans (2)');
    const served = await serve(app);
    open.push(served);
    const sent = { method: 'POST', body: multipartBody(file(PNG)) };
    const forged = { ...HOST, 'content-type': MULTIPART_TYPE, 'sec-fetch-site': 'cross-site' };
    expect(codeOf(await send(served.url, { ...sent, headers: forged }))).toEqual([403, 'ERR_CSRF_CROSS_SITE']);
    expect(read).toBe(0);
  });

  it('works without secure(), in its place; input() and other parsers find the body read', async () => {
    const app = express();
    app.post('/', input.multipart(IMAGES), input() as RequestHandler, express.raw({ type: '*/*' }), show);
    app.use(((error: { status?: number; code?: string }, _req, res, _next) => {
      res.status(error.status ?? 500).json({ code: error.code });
    }) as ErrorRequestHandler);
    const served = await serve(app);
    open.push(served);
    const post = (body: Buffer): Promise<Received> =>
      send(served.url, { method: 'POST', headers: { 'content-type': MULTIPART_TYPE }, body });
    expect((await post(multipartBody(file(PNG), { content: '1' }))).json()).toMatchObject({
      body: { a: '1' },
      files: [{}],
    });
    expect(codeOf(await post(multipartBody(file(HTML))))).toEqual([415, 'ERR_FILE_TYPE']);
  });

  it('exempt from input, it is read all the same; in monitor mode a refused form is none', async () => {
    const app = express();
    secure(app, { ...QUIET, monitor: ['input'] });
    app.post('/', input.multipart(IMAGES), show);
    app.post('/exempt', exempt('input', { reason: 'as an example' }), input.multipart(IMAGES), show);
    const served = await serve(app);
    open.push(served);
    const post = (target: string, body: Buffer): Promise<Received> =>
      send(served.url, { method: 'POST', target, headers: { ...HOST, 'content-type': MULTIPART_TYPE }, body });
    expect((await post('/exempt', multipartBody({ content: '1' }))).json()).toMatchObject({ body: { a: '1' } });
    expect((await post('/', multipartBody(file(HTML)))).json()).toEqual({ body: {}, files: [] });
  });
});

describe('input.multipart() on node:http', () => {
  it('reads and refuses just the same', async () => {
    const multipart = input.multipart(IMAGES);
    const listener: Listener = (req, res) =>
      multipart(req, res, (error) =>
        res.end(JSON.stringify((error as { code?: string } | undefined)?.code ?? filesOf(req).avatar?.[0]?.type)),
      );
    const served = await serve(listener);
    open.push(served);
    const post = (body: Buffer): Promise<Received> =>
      send(served.url, { method: 'POST', headers: { 'content-type': MULTIPART_TYPE }, body });
    expect((await post(multipartBody(file(PNG)))).body).toBe('"image/png"');
    expect((await post(multipartBody(file(SVG)))).body).toBe('"ERR_FILE_TYPE"');
  });
});

describe('input.multipart(): options', () => {
  it.each<[string, unknown, string]>([
    ['SVG', { files: { a: { types: ['image/svg+xml'] } } }, 'files.a.types[0]'],
    ['HTML', { files: { a: { types: ['text/html'] } } }, 'files.a.types[0]'],
    ['every image', { files: { a: { types: ['image/*'] } } }, 'files.a.types[0]'],
    ['no type', { files: { a: { types: [] } } }, 'files.a.types'],
    ['no types', { files: { a: {} } }, 'files.a.types'],
    ['a size that is none', { files: { a: { types: ['image/png'], limit: 'abc' } } }, 'files.a.limit'],
    ['no files of a field', { files: { a: { types: ['image/png'], count: 0 } } }, 'files.a.count'],
    ['a prototype', { files: { 'a[__proto__]': { types: ['image/png'] } } }, 'files'],
    ['a folder that is not there', { directory: '/no/such/folder' }, 'directory'],
    ['a file for a folder', { directory: import.meta.filename }, 'directory'],
    ['unlimited fields', { fields: { count: Number.POSITIVE_INFINITY } }, 'fields.count'],
    ['an unknown key', { dest: '/tmp' }, 'dest'],
  ])('refuses %s', (_, options, field) => {
    const make = (): unknown => input.multipart(options as MultipartOptions);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(
      expect.objectContaining({ field: expect.stringContaining(`input.multipart().${field}`) as string }),
    );
  });

  it('every type that can be declared is one that can be told', () => {
    expect(FILE_TYPES.filter((type) => !supportedMimeTypes.has(type))).toEqual([]);
  });
});
