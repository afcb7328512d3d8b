import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { EXPRESS, serve } from '../support/http.ts';
import { ROOT } from '../support/repository.ts';
import { Client } from './client.ts';
import { IMPLEMENTATIONS } from './implementations.ts';
import { mount, type Row, tell } from './rows.ts';
import { DATA_ROWS } from './rows-data.ts';
import { METHOD_ROWS } from './rows-methods.ts';
import { OBJECT_ROWS } from './rows-object.ts';

const ROWS: readonly Row[] = [...DATA_ROWS, ...METHOD_ROWS, ...OBJECT_ROWS];

describe.each(EXPRESS)('req.session on Express %s', (_, express) => {
  describe.each(IMPLEMENTATIONS.map((one) => [one.name, one] as const))('of %s', (_name, implementation) => {
    it.each(ROWS.map((row) => [titleOf(row, implementation.isBulwark), row] as const))('%s', async (_title, row) => {
      const built = implementation.build(express, row.options ?? {}, (app) => mount(app, row.routes));
      const served = await serve(built.listener);
      try {
        const client = () => new Client(served.url, implementation.headers);
        const seen = await row.run({ visitor: client(), other: client(), store: built.store });
        expect(seen).toEqual(implementation.isBulwark ? (row.bulwark?.expected ?? row.expected) : row.expected);
      } finally {
        await served.close();
      }
    });
  });
});

describe('reload after destroy, in one request', () => {
  it('control: ends the process, with express-session', () => {
    const script = `
      const session = require('express-session');
      const app = require('express')();
      app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }));
      app.get('/', (req, res) => { const s = req.session; s.destroy(() => s.reload(() => res.end())); });
      const server = app.listen(0, '127.0.0.1', () => require('http').get({ port: server.address().port, host: '127.0.0.1' }).on('error', () => {}));
    `;
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(1);
    expect(stderr).toContain("reading 'reload'");
  });

  it.each(EXPRESS)('is an error here, on Express %s', async (_, express) => {
    for (const implementation of IMPLEMENTATIONS.filter(({ isBulwark }) => isBulwark)) {
      const routes: Row['routes'] = {
        '/': (req, res) => {
          const { session } = req;
          session.destroy(() => {
            session.reload(tell(res));
          });
        },
      };
      const served = await serve(implementation.build(express, {}, (app) => mount(app, routes)).listener);
      const answer = await new Client(served.url, implementation.headers).json('/');
      await served.close();
      expect(answer).toEqual({ error: true });
    }
  });
});

function titleOf({ name, bulwark }: Row, isBulwark: boolean): string {
  return isBulwark && bulwark !== undefined ? `${name} (differs: ${bulwark.because})` : name;
}
