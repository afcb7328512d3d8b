import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Running, start } from './support/server.ts';

let server: Running;
beforeEach(async () => {
  server = await start();
});
afterEach(() => server.close());

const PAYLOADS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  `' autofocus onfocus='alert(1)`,
  '</textarea><svg onload=alert(1)>',
  '</title><script>alert(1)</script>',
  '<!--<script>',
  '<%= process.env %>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
];

/** Everything of the page that comes from its template: without the notes, the draft and their escapes. */
const tagsOf = (html: string): string[] => html.match(/<[!/a-z][^>]*>/gi) ?? [];

describe('the notes page', () => {
  it('takes a note by form, shows it, and deletes it, without JavaScript', async () => {
    expect((await server.ask('/notes')).body).toContain('No notes yet');
    const added = await server.submit('/notes', { title: 'Shopping', text: 'eggs\nmilk' });
    expect([added.status, added.headers.location]).toEqual([303, '/notes']);
    const page = await server.ask('/notes');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toContain('<h2>Shopping</h2>');
    expect(page.body).toContain('eggs\nmilk');
    expect(page.body).not.toContain('<script');

    const action = /action="(\/notes\/\d+\/delete)"/.exec(page.body)?.[1] ?? '';
    const deleted = await server.submit(action, {});
    expect([deleted.status, deleted.headers.location]).toEqual([303, '/notes']);
    expect((await server.ask('/notes')).body).toContain('No notes yet');
    expect((await server.submit(action, {})).status).toBe(404);
  });

  it('says what is wrong with a form, and keeps what was written', async () => {
    const refused = await server.submit('/notes', { title: ' ', text: 'a long "text"' });
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('write a title');
    expect(refused.body).toContain('aria-describedby="title-problem"');
    expect(refused.body).toContain('a long &#34;text&#34;</textarea>');
    expect((await server.submit('/notes', { title: 'x'.repeat(121) })).body).toContain('at most 120 characters');
    expect(server.notes.list()).toEqual([]);
  });

  it('refuses a form with fields that it does not have, or has twice', async () => {
    expect((await server.submit('/notes', { title: 'x', admin: '1' })).status).toBe(400);
    const boundary = 'twice';
    const field = `--${boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\na\r\n`;
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const twice = await server.ask('/notes', { method: 'POST', headers, body: `${field}${field}--${boundary}--\r\n` });
    expect(twice.status).toBe(400);
    expect((await server.ask('/notes', { method: 'POST' })).status).toBe(400);
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await server.ask('/notes', { method: 'POST', headers: urlencoded, body: 'title=a' })).status).toBe(415);
    expect(server.notes.list()).toEqual([]);
  });

  it.each(PAYLOADS)('shows %s as text, in a note and in a draft', async (payload) => {
    const bare = tagsOf((await server.submit('/notes', { title: ' ', text: 'x' })).body);
    const draft = (await server.submit('/notes', { title: ' ', text: payload })).body;
    expect(draft).not.toContain(payload);
    expect(tagsOf(draft)).toEqual(bare);

    await server.submit('/notes', { title: 'x', text: 'x' });
    const plain = tagsOf((await server.ask('/notes')).body);
    await server.submit('/notes/1/delete', {});
    await server.submit('/notes', { title: payload, text: payload });
    const page = (await server.ask('/notes')).body;
    expect(page).not.toContain(payload);
    expect(tagsOf(page).length).toBe(plain.length);
  });
});
