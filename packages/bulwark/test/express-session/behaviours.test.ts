import { describe, expect, it } from 'vitest';
import { EXPRESS, serve } from '../support/http.ts';
import { Client } from './client.ts';
import { IMPLEMENTATIONS } from './implementations.ts';
import { mount, type Row } from './rows.ts';
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

function titleOf({ name, bulwark }: Row, isBulwark: boolean): string {
  return isBulwark && bulwark !== undefined ? `${name} (differs: ${bulwark.because})` : name;
}
