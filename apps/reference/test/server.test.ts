import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PRACTICES } from '../src/practices.ts';
import { type Running, start, temporaryFolder } from './support/server.ts';

let server: Running;
beforeEach(async () => {
  server = await start();
});
afterEach(() => server.close());

describe('the reference server', () => {
  it('has every practice on every route, or says why not', () => {
    const rows = server.gate.coverage();
    expect(rows.map(({ method, path }) => `${method} ${path}`)).toEqual([
      '* /assets',
      'GET /',
      'GET /sign-in',
      'POST /sign-in',
      'GET /devices',
      'POST /devices/:id/end',
      'POST /devices/end-others',
      'POST /sign-out',
      'POST /api/tokens',
      'POST /api/tokens/refresh',
      'GET /api/me',
      'GET /notes',
      'POST /notes',
      'POST /notes/:id/delete',
      'GET /images/:name',
      'GET /api/notes',
      'POST /api/notes',
      'GET /api/notes/:id',
      'DELETE /api/notes/:id',
      'POST /hooks/notes',
      'GET /healthz',
      'GET /readyz',
    ]);
    for (const { practices } of rows) {
      for (const { state, reason } of Object.values(practices)) {
        expect(state).not.toBe('missing');
        if (state === 'exempt') expect(reason).toMatch(/\w{3}/);
      }
    }
  });

  it('tells of every practice that the library has', () => {
    const [row] = server.gate.coverage();
    expect(PRACTICES.map(({ id }) => id).toSorted()).toEqual(Object.keys(row?.practices ?? {}).toSorted());
  });

  it('passes its own test', async () => {
    const report = await server.gate.selfTest();
    expect(report.findings.map(({ id }) => id)).toEqual([
      'logging/request-line-off',
      'csrf/escape-hatch',
      'rate-limit/escape-hatch',
    ]);
    expect(report.passed).toBe(true);
  });

  it('shows the coverage on its page', async () => {
    const page = await server.ask('/');
    expect(page.status).toBe(200);
    for (const { id, does } of PRACTICES) {
      expect(page.body).toContain(`<dt>${id}</dt>`);
      expect(page.body).toContain(does);
    }
    // Five routes are for the owner, all others public; two are not limited, one is no form.
    expect(page.body.match(/<td class="enforced"/g)).toHaveLength(22 * PRACTICES.length - 20);
    expect(page.body.match(/<td class="exempt"/g)).toHaveLength(20);
    expect(page.body).not.toContain('<td class="missing"');
    expect(page.body).toContain('asked every few seconds by the machine that watches this server');
  });

  it.each([
    ['/assets/style.css', 'text/css; charset=utf-8'],
    ['/assets/favicon.svg', /^image\/svg\+xml/],
  ])('serves %s', async (path, type) => {
    const { status, headers } = await server.ask(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(type);
    expect(headers['cache-control']).toBe('public, max-age=3600');
  });

  it.each(['/.env', '/../package.json', '/..%2fpackage.json', '/%2e%2e/src/app.ts', '/src/app.ts', '/notes.sqlite'])(
    'has nothing at %s',
    async (path) => {
      const { status, body } = await server.ask(path);
      expect([400, 403, 404]).toContain(status);
      expect(body).not.toMatch(/bulwark-reference|createApp/);
    },
  );

  it('is alive and ready', async () => {
    expect((await server.ask('/healthz')).json()).toEqual({ status: 'alive' });
    const ready = await server.ask('/readyz');
    expect(ready.status).toBe(200);
    expect(ready.json()).toEqual({ status: 'ready', stores: { sqlite: 'ok' } });
  });

  it('is alive but not ready without its database', async () => {
    server.notes.close();
    expect((await server.ask('/healthz')).status).toBe(200);
    const ready = await server.ask('/readyz');
    expect(ready.status).toBe(503);
    expect(ready.json()).toEqual({ status: 'not ready', stores: { sqlite: 'down' } });
    expect((await server.ask('/api/notes')).status).toBe(500);
  });

  it('keeps notes over a restart', async () => {
    await server.call('POST', '/api/notes', { title: 'kept' });
    await server.close();
    const again = await start(server.dataDir);
    try {
      expect((await again.call('GET', '/api/notes/1')).json()).toMatchObject({ id: 1, title: 'kept' });
      expect((await again.call('POST', '/api/notes', { title: 'next' })).json()).toMatchObject({ id: 2 });
    } finally {
      await again.close();
    }
  });

  it.skipIf(process.platform === 'win32')('lets nobody else read its data', async () => {
    const mode = (path: string): number => statSync(path).mode & 0o777;
    await server.call('POST', '/api/notes', { title: 'mine' });
    expect(mode(server.dataDir)).toBe(0o700);
    expect(mode(join(server.dataDir, 'images'))).toBe(0o700);
    for (const file of ['notes.sqlite', 'notes.sqlite-wal', 'notes.sqlite-shm'])
      expect(mode(join(server.dataDir, file))).toBe(0o600);

    const shared = temporaryFolder();
    const again = await start(join(shared, 'deep', 'data'));
    await again.close();
    expect(mode(join(shared, 'deep', 'data'))).toBe(0o700);
    expect(mode(join(shared, 'deep', 'data', 'notes.sqlite'))).toBe(0o600);
  });
});
