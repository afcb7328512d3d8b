import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Consumer,
  EXPRESS_PACKAGES,
  exact,
  installConsumer,
  LOAD_CJS,
  LOAD_ESM,
  readSmoke,
  smokeProgram,
} from './support/consumer.ts';
import { filesUnder, type Manifest, PACKAGE, ROOT, readJson } from './support/repository.ts';

const TYPESCRIPT_CONSUMER = `import http from 'node:http';
import express from 'express';
import { type Gate, html, redirect, secure, validate } from 'bulwark';
import { rateLimit } from 'bulwark/rate-limit';
import { CHECKS } from 'bulwark/checks';

const app = express();
const gate: Gate = secure(app, { origins: ['https://shop.example'] });
app.get('/', rateLimit({}), (_req, res) => { res.send('hello'); });
const note = validate({ body: html({ preset: 'basic' }) });
app.post('/', note, redirect.external('https://idp.example'), (req, res) => {
  const text: string = note.of(req).body;
  res.json({ text, same: req.valid?.body });
});
export const server: http.Server = http.createServer(gate.handler);
export const ids: string[] = CHECKS.map((check) => check.id);
`;

/** Of node:http alone: what Bulwark adds to Express's Request must not need Express. */
const BARE_CONSUMER = `import http from 'node:http';
import { validate } from 'bulwark/input';
import { text } from 'bulwark';

const title = validate({ body: text({ lines: 'one' }) });
export const server: http.Server = http.createServer((req, res) => {
  title(req, res, (error) => { res.end(error === undefined ? title.of(req).body satisfies string : ''); });
});
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  },
  include: ['consumer.ts'],
};

describe.each(['4', '5'] as const)('someone with Express %s who installs the packed package', (version) => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await installConsumer({ ...EXPRESS_PACKAGES[version], '@types/node': exact('@types/node') });
  }, 120_000);
  afterAll(() => consumer?.remove());

  const expectSecured = (output: string): void => {
    const smoke = readSmoke(output);
    expect(smoke.headers).toHaveProperty('content-security-policy');
    expect(smoke.headers).toHaveProperty('x-content-type-options', 'nosniff');
    expect(smoke.headers).not.toHaveProperty('x-powered-by');
    expect(smoke).toMatchObject({ routes: true, subpath: 'function' });
  };

  it('can import it', async () => {
    await consumer.write('consumer.mjs', smokeProgram(LOAD_ESM));
    expectSecured(await consumer.run(process.execPath, ['consumer.mjs']));
  });

  it('can require it', async () => {
    await consumer.write('consumer.cjs', smokeProgram(LOAD_CJS));
    expectSecured(await consumer.run(process.execPath, ['consumer.cjs']));
  });

  it('can import every subpath, and nothing beside them', async () => {
    const { exports = {} } = readJson<Manifest>(`${PACKAGE}package.json`);
    const specifiers = Object.keys(exports).map((subpath) => `bulwark${subpath.slice(1)}`);
    await consumer.write(
      'subpaths.mjs',
      `import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url);
       for (const name of ${JSON.stringify(specifiers)}) {
         const loaded = name.endsWith('.json') ? require(name) : await import(name);
         if (Object.keys(loaded).length === 0) throw new Error(name + ' exports nothing');
       }
       await import('bulwark/dist/secure.js').then(() => { throw new Error('dist is open'); }, (error) => {
         if (error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
       });`,
    );
    expect(await consumer.run(process.execPath, ['subpaths.mjs'])).toBe('');
  });

  it('is told what to install for templates: no package of an engine comes along', async () => {
    await consumer.write(
      'templates.mjs',
      `import { templates } from 'bulwark';
       try { templates.ejs(); } catch (error) { console.log(error.code, error.fix); }`,
    );
    expect(await consumer.run(process.execPath, ['templates.mjs'])).toMatch(/^ERR_CONFIG_VALUE npm install ejs; /);
  });

  it('can compile against its types, strictly and with library checks', async () => {
    await consumer.write('package.json', JSON.stringify({ private: true, type: 'module' }));
    await consumer.write('tsconfig.json', JSON.stringify(TSCONFIG));
    await consumer.write('consumer.ts', TYPESCRIPT_CONSUMER);
    expect(await consumer.run(`${ROOT}node_modules/.bin/tsc`, ['-p', 'tsconfig.json'])).toBe('');
  }, 60_000);

  it('can compile against its types without those of Express', async () => {
    await consumer.write('bare/package.json', JSON.stringify({ private: true, type: 'module' }));
    await consumer.write('bare/tsconfig.json', JSON.stringify({ ...TSCONFIG, include: ['bare.ts'] }));
    await consumer.write('bare/bare.ts', BARE_CONSUMER);
    expect(await consumer.run(`${ROOT}node_modules/.bin/tsc`, ['-p', 'bare/tsconfig.json'])).toBe('');
  }, 60_000);

  it('finds no test, fixture or source in it', () => {
    const files = filesUnder(`${consumer.folder}/node_modules/bulwark`, (path) => !path.startsWith('node_modules/'));
    expect(files).toContain('LICENSE');
    const wanted = /^(?:dist\/.+\.(?:js|d\.ts)|package\.json|README\.md|LICENSE)$/;
    expect(files.filter((path) => !wanted.test(path) || /test|fixture/.test(path.replace('self-test', '')))).toEqual(
      [],
    );
  });
});
