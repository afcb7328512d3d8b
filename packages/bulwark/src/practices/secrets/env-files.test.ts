import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Mode } from '../../context.ts';
import { EnvironmentError, type EnvironmentProblem, env } from './index.ts';

const SECRET = '8d1f0c7b5e9a42638e0d7c1b2f5a9640d3b8e7f1c2a4596078e9d0b1c3f2a5e7';
const folder = mkdtempSync(join(tmpdir(), 'bulwark-env-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** Reads one secret, and says what came of it. */
function read(
  source: Record<string, string>,
  options: { file?: string | false; mode?: Mode } = {},
): { value?: string; problems: readonly EnvironmentProblem[]; heard: string[]; message: string } {
  const heard: string[] = [];
  try {
    const config = env(
      { A: env.secret() },
      { source, file: false, mode: 'production', warn: (sentence) => heard.push(sentence), ...options },
    );
    return { value: config.A.reveal(), problems: [], heard, message: '' };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { problems: error.problems, heard, message: error.message };
  }
}

describe('NAME_FILE', () => {
  it.each([
    ['as it is', SECRET, SECRET],
    ['without its last line break', `${SECRET}\n`, SECRET],
    ['without the last line break of Windows', `${SECRET}\r\n`, SECRET],
    ['with every line break but the last', `${SECRET}\n${SECRET}x\n\n`, `${SECRET}\n${SECRET}x\n`],
    ['without a byte order mark', `\ufeff${SECRET}`, SECRET],
  ])('is read %s', (_name, content, value) => {
    expect(read({ A_FILE: file('secret', content) })).toMatchObject({ value, heard: [], problems: [] });
  });

  it('is a problem beside NAME', () => {
    expect(read({ A: SECRET, A_FILE: file('secret', SECRET) }).problems).toEqual([
      { variable: 'A', problem: 'and A_FILE are both set, and they may differ', fix: 'keep one of the two' },
    ]);
  });

  it.each<[string, () => string, RegExp]>([
    ['that is not there', () => join(folder, 'none'), /does not exist/],
    ['below a file', () => join(file('secret', SECRET), 'none'), /does not exist/],
    ['that is a folder', () => folder, /no regular file/],
    ['that never ends', () => '/dev/zero', /no regular file/],
    ['that waits for a writer', () => pipe(), /no regular file/],
    ['that is too large', () => file('large', 'a'.repeat(64 * 1024 + 1)), /larger than 65536 bytes/],
    ['that is no text', () => file('binary', Buffer.from([0xff, 0xfe, 0x00])), /no.* text in UTF-8/],
    ['that is empty', () => file('empty', '\n'), /is empty/],
  ])('is a problem with a path %s, which names it', (_name, make, problem) => {
    const path = make();
    const [found, ...more] = read({ A_FILE: path }).problems;
    expect(more).toEqual([]);
    expect(found?.variable).toBe('A_FILE');
    expect(found?.problem).toContain(path);
    expect(found?.problem).toMatch(problem);
    expect(found?.fix).not.toBe('');
  });

  it('takes 64 KiB', () => {
    expect(read({ A_FILE: file('just', SECRET.repeat(1024)) }).value).toHaveLength(64 * 1024);
  });

  it('does not show what is no path: somebody may have put the secret there', () => {
    const { problems, message } = read({ A_FILE: SECRET });
    expect(problems[0]?.problem).toBe('does not hold an absolute path');
    expect(message).not.toContain(SECRET.slice(0, 6));
  });

  it('is judged as the variable itself, and said to come from the file', () => {
    expect(read({ A_FILE: file('weak', 'changeme\n') }).problems[0]?.problem).toBe('is a known placeholder');
    const path = file('port', '99999');
    expect(() => env({ PORT: env.port() }, { source: { PORT_FILE: path }, file: false })).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ problem: expect.stringContaining(path) })] }),
    );
  });

  it('is warned of where every user may read it', () => {
    const path = file('open', SECRET, 0o644);
    expect(read({ A_FILE: path })).toMatchObject({
      value: SECRET,
      heard: [`A_FILE names ${path}, which every user of this machine may read: chmod 400 it`],
    });
  });

  it('holds a list too, between commas or on lines', () => {
    const path = file('list', `${SECRET}\n${SECRET}x\n`);
    const { KEYS } = env({ KEYS: env.secrets() }, { source: { KEYS_FILE: path }, file: false });
    expect(KEYS.all.map((key) => key.reveal())).toEqual([SECRET, `${SECRET}x`]);
  });
});

function pipe(): string {
  const path = join(folder, `pipe-${Math.random()}`);
  execFileSync('mkfifo', [path]);
  return path;
}

describe('a .env file', () => {
  const path = file('.env', `A=${SECRET}\n# a remark\nB="two words"\n`);

  it('is read in development', () => {
    expect(read({}, { file: path, mode: 'development' })).toMatchObject({ value: SECRET, heard: [] });
    expect(read({ A: '' }, { file: path, mode: 'development' }).value).toBe(SECRET);
  });

  it('overrides nothing, neither a variable nor its file', () => {
    expect(read({ A: `${SECRET}y` }, { file: path, mode: 'development' }).value).toBe(`${SECRET}y`);
    const other = file('other', `${SECRET}z`);
    expect(read({ A_FILE: other }, { file: path, mode: 'development' }).value).toBe(`${SECRET}z`);
  });

  it('is left unread in production, which says so', () => {
    const { problems, heard, message } = read({}, { file: path });
    expect(problems[0]?.problem).toBe('is missing');
    expect(heard).toEqual([expect.stringContaining(`${path} was left unread`)]);
    expect(message.replace(/\s+/g, ' ')).toContain(`Note: ${path} was left unread`);
    expect(read({ A: SECRET }, { file: path })).toMatchObject({
      value: SECRET,
      heard: [expect.stringContaining(path)],
    });
    expect(read({ A: SECRET }, { file: join(folder, 'none') }).heard).toEqual([]);
  });

  it('is left unread in a test', () => {
    expect(read({}, { file: path, mode: 'test' }).value).toMatch(/^insecure-development-/);
  });

  it('may be absent, but not unreadable', () => {
    expect(read({ A: SECRET }, { file: join(folder, 'none'), mode: 'development' }).value).toBe(SECRET);
    expect(read({ A: SECRET }, { file: folder, mode: 'development' }).problems).toHaveLength(1);
  });

  it('assigns nothing to process.env, and prints nothing', () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, '.env'), `A=${SECRET}\n`);
    const module = new URL('./index.ts', import.meta.url).href;
    const code = `
      import { env } from ${JSON.stringify(module)};
      const { A } = env({ A: env.secret() });
      process.exitCode = A.reveal().length === 64 && process.env.A === undefined ? 0 : 3;`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: home,
      env: { PATH: process.env.PATH, NODE_ENV: 'development', NODE_NO_WARNINGS: '1' },
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
