import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dotenv from 'dotenv';
import type { RequestHandler } from 'express';
import { afterAll, describe, expect, it } from 'vitest';
import { type EnvironmentError, env, type Secret, secure } from '../../src/index.ts';
import { ask, QUIET } from '../support/ask.ts';
import { EXPRESS } from '../support/http.ts';
import { PACKAGE } from '../support/repository.ts';
import { type App, handWire } from './support/hand-wired.ts';

const load = createRequire(import.meta.url);

type Variables = Record<string, string | undefined>;

/** What four widely copied templates ship as an example, and people start with. The fourth ships no secret. */
const SAMPLES: readonly (readonly [template: string, variables: Variables, refused: readonly string[]])[] = [
  [
    'hagopj13/node-express-boilerplate',
    { PORT: '3000', JWT_SECRET: 'thisisasamplesecret', SMTP_PASSWORD: 'email-server-password' },
    ['JWT_SECRET', 'SMTP_PASSWORD'],
  ],
  [
    'santiq/bulletproof-nodejs',
    { JWT_SECRET: 'p4sta.w1th-b0logn3s3-s@uce', MAILGUN_API_KEY: '1212312312312', AGENDASH_PASSWORD: '123456' },
    ['AGENDASH_PASSWORD', 'JWT_SECRET', 'MAILGUN_API_KEY'],
  ],
  [
    'w3tecch/express-typescript-boilerplate',
    { TYPEORM_PASSWORD: '', SWAGGER_USERNAME: 'admin', SWAGGER_PASSWORD: '1234', MONITOR_PASSWORD: '1234' },
    ['MONITOR_PASSWORD', 'SWAGGER_PASSWORD'],
  ],
  ['edwinhern/express-typescript', { PORT: '8080', CORS_ORIGIN: 'http://localhost:8080' }, []],
];

const token = (name: string, secret: string): string =>
  `${name}.${createHmac('sha256', secret).update(name).digest('hex')}`;

/** The guard of a tutorial. */
const guard =
  (...secrets: string[]): RequestHandler =>
  (req, res, next) => {
    const sent = req.headers.authorization ?? '';
    const name = sent.split('.', 1)[0] ?? '';
    if (secrets.some((secret) => token(name, secret) === sent)) next();
    else res.sendStatus(401);
  };

const GOOD = '8d1f0c7b5e9a42638e0d7c1b2f5a9640d3b8e7f1c2a4596078e9d0b1c3f2a5e7';
const NEW = 'c2f5a9640d3b8e7f1c2a4596078e9d0b1c3f2a5e78d1f0c7b5e9a42638e0d7c1b';

const folder = mkdtempSync(join(tmpdir(), 'bulwark-attacks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(EXPRESS)('secrets on Express %s', (_version, express) => {
  function guarded(...secrets: string[]): App {
    const app = express();
    handWire(app, express, { order: ['helmet', 'json'] });
    app.get('/admin', guard(...secrets), (_req, res) => void res.send('all customers'));
    return app;
  }

  it('1.11.1: what reads the settings writes a line of its own, where a program expects nothing or the output of another', () => {
    writeFileSync(join(folder, '.env'), `A=${GOOD}\n`);
    const run = (code: string): { status: number | null; stdout: string; stderr: string } => {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
        cwd: folder,
        env: { PATH: process.env.PATH, NODE_ENV: 'development', NODE_NO_WARNINGS: '1' },
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    };
    const library = JSON.stringify(load.resolve('dotenv'));
    // Version 17 wrote to stdout; 18 has moved to stderr, and says it still.
    const { status, stderr } = run(`import dotenv from ${library}; dotenv.config();`);
    expect([status, /injected env/.test(stderr)]).toEqual([0, true]);

    const module = JSON.stringify(`file://${PACKAGE}src/index.ts`);
    const quiet = run(`import { env } from ${module}; env({ A: env.secret() });`);
    expect(quiet).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('1.11.2a: a template is put into production with its sample secrets', async () => {
    for (const [, variables, refused] of SAMPLES) {
      const secret = variables.JWT_SECRET || 'secret';
      const [forged] = await ask(guarded(secret), {
        target: '/admin',
        headers: { authorization: token('root', secret) },
      });
      expect(forged?.body).toBe('all customers');

      let named: string[] = [];
      try {
        secure(guarded(secret), { ...QUIET, secrets: { source: variables } });
      } catch (error) {
        named = (error as EnvironmentError).problems.map(({ variable }) => variable);
      }
      expect(named).toEqual(refused);
    }
  });

  it("1.11.2b: process.env.JWT_SECRET || 'secret', and nobody has set it", async () => {
    const fallback = (variables: Variables): string => variables.JWT_SECRET || 'secret';
    const [forged] = await ask(guarded(fallback({})), {
      target: '/admin',
      headers: { authorization: token('root', 'secret') },
    });
    expect(forged?.body).toBe('all customers');

    const start = (source: Variables): { readonly JWT_SECRET: Secret } =>
      env({ JWT_SECRET: env.secret() }, { source, file: false });
    for (const JWT_SECRET of [undefined, '', 'secret', 'keyboard cat', 'your-256-bit-secret', 'x'.repeat(64)]) {
      expect(() => start({ JWT_SECRET })).toThrow(expect.objectContaining({ code: 'ERR_ENVIRONMENT' }));
    }
    const app = guarded(start({ JWT_SECRET: GOOD }).JWT_SECRET.reveal());
    const [guessed, own] = await ask(
      app,
      { target: '/admin', headers: { authorization: token('root', 'secret') } },
      { target: '/admin', headers: { authorization: token('root', GOOD) } },
    );
    expect([guessed?.status, own?.body]).toEqual([401, 'all customers']);
  });

  it('1.11.3a: a start that demands a .env file, which is then baked into the image', () => {
    const demanding = (path: string): void => {
      const { error } = dotenv.config({ path, quiet: true });
      if (error) throw new Error("couldn't find .env file");
    };
    const none = join(folder, 'none.env');
    expect(() => demanding(none)).toThrow(/couldn't find/);
    const mounted = join(folder, 'session_secret');
    writeFileSync(mounted, `${GOOD}\n`, { mode: 0o400, flag: 'w' });
    const config = env({ SESSION_SECRET: env.secret() }, { source: { SESSION_SECRET_FILE: mounted }, file: none });
    expect(config.SESSION_SECRET.reveal()).toBe(GOOD);
    rmSync(mounted);
  });

  it('1.11.3b: a secret that leaked cannot be changed without logging everybody out', async () => {
    const before = { target: '/admin', headers: { authorization: token('ann', GOOD) } };
    const after = { target: '/admin', headers: { authorization: token('ann', NEW) } };
    const statuses = async (app: App): Promise<number[]> => (await ask(app, before, after)).map(({ status }) => status);
    expect(await statuses(guarded(NEW))).toEqual([401, 200]);

    const { KEYS } = env({ KEYS: env.secrets() }, { source: { KEYS: NEW, KEYS_PREVIOUS: GOOD }, file: false });
    expect(await statuses(guarded(...KEYS.all.map((key) => key.reveal())))).toEqual([200, 200]);
    expect(token('ann', KEYS.current.reveal())).toBe(after.headers.authorization);
  });
});
