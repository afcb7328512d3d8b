import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PNG, type Running, start, type Upload } from './support/server.ts';

let server: Running;
beforeEach(async () => {
  server = await start();
});
afterEach(() => server.close());

const upload = (content: Buffer, name = 'holiday.png', type = 'image/png'): Upload => ({ content, name, type });
const stored = (): string[] => readdirSync(join(server.dataDir, 'images'));
const send = (image: Upload): ReturnType<Running['submit']> => server.submit('/notes', { title: 'x' }, image);

/** Waits for what is taken away when a response is over. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('pictures of notes', () => {
  it('are stored under a name of our own, shown, and gone with their note', async () => {
    expect((await send(upload(PNG, '../../evil.php'))).status).toBe(303);
    const [name = ''] = stored();
    expect(stored()).toHaveLength(1);
    expect(name).toMatch(/^[\w-]{36}\.png$/);
    if (process.platform !== 'win32') expect(statSync(join(server.dataDir, 'images', name)).mode & 0o777).toBe(0o600);
    expect((await server.ask('/notes')).body).toContain(`<img src="/images/${name}"`);
    expect((await server.call('GET', '/api/notes/1')).json()).toMatchObject({ image: `/images/${name}` });

    const image = await server.ask(`/images/${name}`);
    expect([image.status, image.headers['content-type']]).toEqual([200, 'image/png']);
    expect(image.headers['x-content-type-options']).toBe('nosniff');
    expect(image.headers['content-security-policy']).toBeDefined();

    expect((await server.call('DELETE', '/api/notes/1')).status).toBe(204);
    expect(stored()).toEqual([]);
    expect((await server.ask(`/images/${name}`)).status).toBe(404);
  });

  it.each([
    ['HTML that is called a picture', upload(Buffer.from(`<script>alert(1)</script>${' '.repeat(200)}`)), [415]],
    [
      'SVG',
      upload(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), 'a.svg', 'image/svg+xml'),
      [415],
    ],
    ['a PDF', upload(Buffer.from(`%PDF-1.7\n${'x'.repeat(300)}`)), [415]],
    ['the beginning of a picture', upload(PNG.subarray(0, 8)), [415]],
    ['a picture that goes on as markup', upload(Buffer.concat([PNG, Buffer.from('<script>alert(1)</script>')])), [415]],
    ['3 MB', upload(Buffer.concat([PNG, Buffer.alloc(3 * 1024 ** 2, 1)])), [413]],
  ])('are refused by content: %s', async (_, image, statuses) => {
    const refused = await send(image).then(
      ({ status }) => status,
      // It closes while the rest is still being sent.
      () => 413,
    );
    expect(statuses).toContain(refused);
    await until(() => stored().length === 0);
    expect(server.notes.list()).toEqual([]);
  });

  it('leave nothing behind where the rest of the form is wrong', async () => {
    const refused = await server.submit('/notes', { title: ' ', text: 'kept' }, upload(PNG));
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('kept</textarea>');
    await until(() => stored().length === 0);
  });

  it('may be left out: this is what a browser then sends', async () => {
    const parts = [
      'Content-Disposition: form-data; name="title"\r\n\r\nx',
      'Content-Disposition: form-data; name="image"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n',
    ];
    const body = `${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    expect((await server.ask('/notes', { method: 'POST', headers, body })).status).toBe(303);
    expect(server.notes.list()).toHaveLength(1);
    expect(stored()).toEqual([]);
  });

  it.each(['..%2fnotes.sqlite', '../notes.sqlite', 'x.png', `${'a'.repeat(36)}.png`, '.png', '__proto__'])(
    'are nothing but pictures: /images/%s',
    async (name) => {
      const { status, body } = await server.ask(`/images/${name}`);
      expect([400, 404]).toContain(status);
      expect(body).not.toContain('SQLite');
    },
  );
});
