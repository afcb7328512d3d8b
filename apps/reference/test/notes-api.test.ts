import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Note } from '../src/note.ts';
import { type Running, start } from './support/server.ts';

let server: Running;
beforeEach(async () => {
  server = await start();
});
afterEach(() => server.close());

const listed = async (): Promise<Note[]> => (await server.call('GET', '/api/notes')).json<{ notes: Note[] }>().notes;

describe('the notes API', () => {
  it('creates, lists, gets and deletes', async () => {
    expect(await listed()).toEqual([]);
    const created = await server.call('POST', '/api/notes', { title: '  Shopping ', text: 'eggs' });
    expect(created.status).toBe(201);
    expect(created.headers.location).toBe('/api/notes/1');
    const note = created.json<Note>();
    expect(note).toEqual({
      id: 1,
      title: 'Shopping',
      text: 'eggs',
      format: 'text',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });

    const second = (await server.call('POST', '/api/notes', { title: 'Only a title' })).json<Note>();
    expect(second.text).toBe('');
    expect(await listed()).toEqual([second, note]);
    expect((await server.call('GET', '/api/notes/1')).json()).toEqual(note);

    const deleted = await server.call('DELETE', '/api/notes/1');
    expect([deleted.status, deleted.body]).toEqual([204, '']);
    expect((await server.call('GET', '/api/notes/1')).status).toBe(404);
    expect((await server.call('DELETE', '/api/notes/1')).status).toBe(404);
    expect(await listed()).toEqual([second]);
  });

  it.each([
    ['no title', {}, ['title']],
    ['an empty title', { title: ' ' }, ['title']],
    ['a long title', { title: 'x'.repeat(121) }, ['title']],
    ['a title of another type', { title: 7 }, ['title']],
    ['a title that is a list', { title: ['a', 'b'] }, ['title']],
    ['a long text', { title: 'x', text: 'x'.repeat(10_001) }, ['text']],
    ['two mistakes', { title: '', text: 7 }, ['title', 'text']],
    ['unknown fields', { title: 'x', id: 99, createdAt: 'now' }, ['id', 'createdAt']],
  ])('names the fields of %s', async (_, body, fields) => {
    const refused = await server.call('POST', '/api/notes', body);
    expect(refused.status).toBe(400);
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(Object.keys(refused.json<{ fields: object }>().fields)).toEqual(fields);
    expect(await listed()).toEqual([]);
  });

  it('sanitises rich text before it is stored, and leaves plain text as it is', async () => {
    const dirty = '<p onclick="x()">Hi <b>there</b><script>x()</script><a href="javascript:x()">y</a></p>';
    const rich = (await server.call('POST', '/api/notes', { title: 'x', text: dirty, format: 'html' })).json<Note>();
    expect(rich).toMatchObject({ format: 'html', text: '<p>Hi <b>there</b><a>y</a></p>' });
    expect(server.notes.get(rich.id)?.text).toBe(rich.text);
    const plain = (await server.call('POST', '/api/notes', { title: 'x', text: dirty })).json<Note>();
    expect(plain).toMatchObject({ format: 'text', text: dirty });
    expect((await server.call('POST', '/api/notes', { title: 'x', format: 'markdown' })).status).toBe(400);
  });

  it('finds notes by their words, as they are written', async () => {
    await server.call('POST', '/api/notes', { title: '100% sure', text: 'a_b' });
    await server.call('POST', '/api/notes', { title: 'Other', text: '<p>Fish &amp; <b>chips</b></p>', format: 'html' });
    const found = async (q: string): Promise<string[]> => {
      const { notes } = (await server.call('GET', `/api/notes?q=${encodeURIComponent(q)}`)).json<{ notes: Note[] }>();
      return notes.map(({ title }) => title);
    };
    expect(await found('sure')).toEqual(['100% sure']);
    expect(await found('Fish & ')).toEqual(['Other']);
    expect(await found('OTHER')).toEqual(['Other']);
    // No wildcard, no tag and no quote of SQL is more than its characters.
    for (const q of ['%%', '_', '0%_', '<b>', "' OR 1=1 --", '\\'])
      expect([q, (await found(q)).length < 2]).toEqual([q, true]);
    expect(await found('a_b')).toEqual(['100% sure']);
    expect(await found('axb')).toEqual([]);
    expect((await server.call('GET', '/api/notes?limit=1')).json<{ notes: Note[] }>().notes).toHaveLength(1);
    for (const query of [
      'q=a&q=b',
      'limit=0',
      'limit=1e9',
      'limit=x',
      'order=title',
      'q[$ne]=x',
      `q=${'x'.repeat(101)}`,
    ])
      expect([query, (await server.call('GET', `/api/notes?${query}`)).status]).toEqual([query, 400]);
  });

  it.each([
    ['a list', '[]', 'application/json', [400]],
    ['null', 'null', 'application/json', [400]],
    ['malformed JSON', '{"title":', 'application/json', [400]],
    ['a prototype', '{"__proto__":{"title":"x"},"title":"y"}', 'application/json', [400]],
    ['plain text', 'title=x', 'text/plain', [400, 415]],
    ['XML', '<title>x</title>', 'application/xml', [400, 415]],
    ['200 KB', JSON.stringify({ title: 'x', text: 'x'.repeat(200_000) }), 'application/json', [413]],
  ])('refuses a body that is %s', async (_, body, type, statuses) => {
    const refused = await server.ask('/api/notes', { method: 'POST', headers: { 'content-type': type }, body });
    expect(statuses).toContain(refused.status);
    expect(refused.body).not.toMatch(/node_modules|\.ts:\d/);
    expect(await listed()).toEqual([]);
  });

  it.each([
    '0',
    '-1',
    '1e0',
    '0x1',
    '01',
    '1.0',
    '+1',
    '%201',
    '1%00',
    '1%20OR%201=1',
    '1;DROP%20TABLE%20notes',
    'NaN',
    '__proto__',
    '9007199254740993',
    '99999999999999999999',
    '999999999999999',
    '١',
  ])('has no note of the id %s', async (id) => {
    await server.call('POST', '/api/notes', { title: 'the only one' });
    for (const method of ['GET', 'DELETE']) {
      const { status } = await server.ask(`/api/notes/${encodeURI(decodeURI(id))}`, { method });
      expect([400, 404]).toContain(status);
    }
    expect(await listed()).toHaveLength(1);
  });

  it('stores SQL metacharacters as what they are: text', async () => {
    const titles = [`'); DROP TABLE notes; --`, `" OR 1=1 --`, `\\'; SELECT 1`, '?1 $1 :title @title', '%_'];
    for (const title of titles)
      expect((await server.call('POST', '/api/notes', { title, text: title })).status).toBe(201);
    expect((await listed()).map(({ title, text }) => [title, text])).toEqual(titles.toReversed().map((t) => [t, t]));
  });

  it('is not written to by a page of another site', async () => {
    const body = JSON.stringify({ title: 'forged' });
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };
    const headers = { ...foreign, 'content-type': 'application/json' };
    const refused = await server.ask('/api/notes', { method: 'POST', headers, body });
    expect(refused.status).toBe(403);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    expect(await listed()).toEqual([]);
  });

  it('bounds what one client writes, and lets it read on', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 31; i++) statuses.push((await server.call('POST', '/api/notes', { title: `${i}` })).status);
    expect(statuses).toEqual([...Array(30).fill(201), 429]);
    expect(await listed()).toHaveLength(30);
    // Both ways to write are one limit.
    expect((await server.submit('/notes', { title: 'by form' })).status).toBe(429);
  });
});
