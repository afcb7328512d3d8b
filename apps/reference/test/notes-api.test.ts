import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Note } from '../src/notes.ts';
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
    expect(note).toEqual({ id: 1, title: 'Shopping', text: 'eggs', createdAt: expect.stringMatching(/^\d{4}-.*Z$/) });

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
