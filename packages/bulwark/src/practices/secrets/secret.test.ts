import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import v8 from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import winston from 'winston';
import { ConfigError } from '../../errors.ts';
import { Secret } from './secret.ts';

const VALUE = `s3kr1t-${randomBytes(12).toString('hex')}`;
const secret = Secret.of(VALUE, { name: 'API_KEY' });
const nested = { list: [secret], map: new Map([['key', secret]]), set: new Set([secret]), deep: { er: { secret } } };

/** What winston writes, as a line. */
function winstonLine(write: (logger: winston.Logger) => void, form: winston.Logform.Format): string {
  let line = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      line += String(chunk);
      done();
    },
  });
  write(winston.createLogger({ format: form, transports: [new winston.transports.Stream({ stream })] }));
  return line;
}

function pinoLine(write: (logger: pino.Logger) => void): string {
  let line = '';
  const sink = {
    write(text: string): void {
      line += text;
    },
  };
  write(pino({}, sink));
  return line;
}

describe('a secret prints as [secret]', () => {
  it.each<[string, () => string]>([
    ['String()', () => String(secret)],
    ['a template', () => `${secret}`],
    ['concatenation', () => 'key: '.concat(secret as unknown as string)],
    ['join', () => [secret].join()],
    ['JSON', () => JSON.stringify(secret)],
    ['JSON, nested', () => JSON.stringify(nested)],
    ['inspect', () => inspect(secret)],
    ['inspect with all that is hidden', () => inspect(secret, { showHidden: true, depth: null, showProxy: true })],
    ['inspect, nested', () => inspect(nested, { showHidden: true, depth: null })],
    ['format %s', () => format('%s', secret)],
    ['format %o', () => format('%o', secret)],
    ['format %O', () => format('%O', nested)],
    ['format %j', () => format('%j', nested)],
    ['an error that speaks of it', () => inspect(new Error(`cannot sign with ${secret}`))],
    ['an error that carries it', () => inspect(Object.assign(new Error('failed'), { secret }), { showHidden: true })],
    ['an error whose cause it is', () => inspect(new Error('failed', { cause: { secret } }), { showHidden: true })],
    ['pino', () => pinoLine((logger) => logger.info({ secret, nested }, 'with %s and %o', secret, { secret }))],
    ['pino, an error', () => pinoLine((logger) => logger.error(Object.assign(new Error('no'), { secret })))],
    ['winston, JSON', () => winstonLine((logger) => logger.info('with', { secret, nested }), winston.format.json())],
    [
      'winston, printf and splat',
      () =>
        winstonLine(
          (logger) => logger.info('with %s', secret, { key: secret }),
          winston.format.combine(
            winston.format.splat(),
            winston.format.printf((info) => `${info.message} ${info.key} ${JSON.stringify(info)}`),
          ),
        ),
    ],
  ])('as %s', (_name, print) => {
    expect(print()).toContain('[secret]');
    expect(print()).not.toContain(VALUE.slice(0, 6));
  });

  it('on the console', () => {
    const module = new URL('./secret.ts', import.meta.url).href;
    const code = `
      import { Secret } from ${JSON.stringify(module)};
      const secret = Secret.of(process.env.API_KEY);
      console.log(secret, { secret }, [secret]); console.dir({ secret }, { showHidden: true, depth: 9 });
      console.table([{ secret }]); console.error('%s %o %j', secret, secret, secret);
      throw Object.assign(new Error('stop ' + secret), { secret });`;
    let shown = '';
    try {
      execFileSync(process.execPath, ['--input-type=module', '-e', code], {
        env: { ...process.env, API_KEY: VALUE },
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      shown = stdout + stderr;
    }
    // console.dir and an error that nobody catches ask no object how it wants to be shown: there it is `Secret {}`.
    expect(shown.match(/\[secret\]/g)).toHaveLength(8);
    expect(shown.match(/Secret \{/g)).toHaveLength(2);
    expect(shown).toContain('stop [secret]');
    expect(shown).not.toContain(VALUE);
  });

  it('the control: a string in the same places is shown', () => {
    expect(inspect({ key: VALUE })).toContain(VALUE);
    expect(pinoLine((logger) => logger.info({ key: VALUE }))).toContain(VALUE);
  });
});

describe('a copy of a secret is empty', () => {
  it('as keys, entries, spread, Object.assign and for … in', () => {
    const names: string[] = [];
    for (const name in secret) names.push(name);
    expect([...Object.keys(secret), ...Object.getOwnPropertyNames(secret), ...names]).toEqual([]);
    expect(Object.getOwnPropertySymbols(secret)).toEqual([]);
    expect(JSON.stringify({ ...(secret as object) })).toBe('{}');
    expect(JSON.stringify(Object.assign({}, secret))).toBe('{}');
    expect(Object.isFrozen(secret)).toBe(true);
  });

  it('as a structured clone, through v8 and to a worker', async () => {
    expect(inspect(structuredClone(nested), { showHidden: true, depth: null })).not.toContain(VALUE);
    expect(v8.serialize(nested).toString('latin1')).not.toContain(VALUE);
    expect(v8.serialize({ key: VALUE }).toString('latin1')).toContain(VALUE);
    const { port1, port2 } = new MessageChannel();
    const received = new Promise((resolve) => port2.once('message', resolve));
    port1.postMessage({ secret });
    expect(await received).toEqual({ secret: {} });
    port1.close();
  });
});

describe('a secret is used', () => {
  it('by whoever asks for the value', () => {
    expect(secret.reveal()).toBe(VALUE);
    expect(secret.bytes().toString('utf8')).toBe(VALUE);
    secret.bytes().fill(0);
    expect(secret.bytes().toString('utf8')).toBe(VALUE);
    expect(secret.name).toBe('API_KEY');
    expect(Secret.of('ü').bytes()).toHaveLength(2);
  });

  it('not by accident as the word that it prints as', () => {
    expect(() => Buffer.from(secret as never)).toThrow(TypeError);
    expect(() => createHmac('sha256', secret as never)).toThrow(TypeError);
    expect(Number(secret)).toBeNaN();
  });

  it('to compare, with values of any kind', () => {
    expect(secret.equals(VALUE)).toBe(true);
    expect(secret.equals(Secret.of(VALUE))).toBe(true);
    expect(secret.equals(VALUE.toUpperCase())).toBe(false);
    for (const other of ['', '[secret]', `${VALUE} `, null, undefined, 7, {}, [VALUE], { reveal: () => VALUE }]) {
      expect(secret.equals(other as string)).toBe(false);
    }
    expect(Secret.is(secret)).toBe(true);
    expect([Secret.is(VALUE), Secret.is({ ...(secret as object) }), Secret.is(null)]).toEqual([false, false, false]);
  });

  it.each(['', undefined, null, 7, {}, Buffer.from('x')])('not of %s', (value) => {
    expect(() => Secret.of(value as string, { name: 'API_KEY' })).toThrow(ConfigError);
  });

  it('without a word of it in the error', () => {
    try {
      Secret.of([VALUE] as never);
    } catch (error) {
      expect(inspect(error)).not.toContain(VALUE);
    }
    expect.assertions(1);
  });
});
