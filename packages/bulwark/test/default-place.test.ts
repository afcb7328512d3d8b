import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { access, type Gate, logIn, type Policy, secure } from '../src/index.ts';
import { QUIET } from './support/ask.ts';
import { type Received, type Served, send, serve } from './support/http.ts';

const FILE = '.bulwark/state.sqlite';

describe('an app with sessions whose policy names no place', () => {
  const home = process.cwd();
  const open: (Gate | Served)[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulwark-place-'));
    process.chdir(folder);
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(policy: Partial<Policy> = {}): Promise<(path: string, cookie?: string) => Promise<Received>> {
    const app = express();
    open.push(secure(app, { ...QUIET, proxy: { hops: 1 }, sessions: {}, ...policy }));
    app.post('/login', access.public('who logs in is nobody yet'), async (req, res) => {
      await logIn(req, { id: 'ann' });
      res.send('in');
    });
    app.get('/account', access.authenticated(), (_req, res) => void res.send('account'));
    const served = await serve(app);
    open.push(served);
    const headers = { host: 'shop.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' };
    return (path, cookie = '') =>
      send(served.url + path, {
        method: path === '/login' ? 'POST' : 'GET',
        headers: { ...headers, 'sec-fetch-site': 'same-origin', cookie },
      });
  }
  const cookieOf = ({ headers }: Received): string => String(headers['set-cookie']).split(';')[0] ?? '';

  it('keeps them in a file of the folder that it is started in, which this user alone can read', async () => {
    const ask = await start();
    await ask('/login');
    expect(statSync(FILE).mode & 0o777).toBe(0o600);
    expect(statSync('.bulwark').mode & 0o777).toBe(0o700);
    // Nobody commits what others are logged in with.
    expect(readFileSync('.bulwark/.gitignore', 'utf8')).toBe('*\n');
    // What SQLite writes beside it holds the same sessions.
    for (const suffix of ['-wal', '-shm']) expect(statSync(`${FILE}${suffix}`).mode & 0o777).toBe(0o600);
  });

  it('two gates of one process use it together, one after the other too: a restart logs nobody out', async () => {
    const [one, two] = [await start(), await start()];
    const cookie = cookieOf(await one('/login'));
    expect([(await one('/account', cookie)).status, (await two('/account', cookie)).status]).toEqual([200, 200]);
    for (const each of open.splice(0).reverse()) await each.close();
    const later = await start();
    expect((await later('/account', cookie)).status).toBe(200);
    expect((await later('/account')).status).toBe(401);
  });

  it('is not made in tests, nor where the policy names a place, nor without sessions', async () => {
    await start({ mode: 'test' });
    await start({ stores: { memory: true } });
    await start({ sessions: false });
    expect(existsSync('.bulwark')).toBe(false);
  });

  it.each([
    ['there is a file where the folder should be', () => writeFileSync('.bulwark', '')],
    [
      'the file is no database',
      () => {
        mkdirSync('.bulwark');
        writeFileSync(FILE, 'x'.repeat(5000));
      },
    ],
    ['the file is a folder', () => mkdirSync(FILE, { recursive: true })],
  ])('does not start where %s, and says what to write', async (_, spoil) => {
    spoil();
    await expect(start()).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'stores' });
    await expect(start()).rejects.toThrow(/\.bulwark\/state\.sqlite.*policy\.stores/s);
  });

  it('names what it was told where the policy says where', async () => {
    writeFileSync('taken', '');
    await expect(start({ stores: { sqlite: 'taken/state.sqlite' } })).rejects.toMatchObject({
      field: 'stores.sqlite',
    });
  });
});
