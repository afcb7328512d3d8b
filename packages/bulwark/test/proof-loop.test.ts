import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../src/checks.ts';
import { exempt, type Policy, type SelfTestReport, secure } from '../src/index.ts';
import { PRACTICE_IDS, type PracticeId } from '../src/pipeline.ts';
import { PRACTICE_KEYS } from '../src/policy.ts';
import { EXPRESS, type Express } from './support/http.ts';

const ORIGIN = 'https://shop.example';
/** Lines are written, and nobody reads them. */
const NOWHERE = { stream: { write: () => undefined } };

/** A small app with a page, JSON and a form. */
function createApp(express: Express, policy: Partial<Policy>): ReturnType<typeof secure> {
  const app = express();
  const gate = secure(app, { origins: ORIGIN, mode: 'production', logging: NOWHERE, ...policy });
  app.get('/', (_req, res) => void res.send('<!doctype html><title>home</title>'));
  app.get('/api', (_req, res) => void res.json({ ok: true }));
  app.post('/form', (req, res) => void res.json(req.body));
  return gate;
}

const failed = (report: SelfTestReport): string[] => report.findings.map(({ id }) => id);

describe.each(EXPRESS)('the proof loop on Express %s', (_version, express) => {
  it('finds nothing in a secured app, and could tell of every check', async () => {
    const report = await createApp(express, {}).selfTest();
    expect(failed(report)).toEqual([]);
    expect(report.passed).toBe(true);
    const undecided = Object.entries(report.results).filter(([, result]) => result === 'unknown');
    expect(undecided).toEqual([]);
  });

  it.each(PRACTICE_IDS)('with %s switched off, exactly its checks fire', async (id) => {
    // Off, logging would fall silent by itself; a policy cannot give both.
    const report = await createApp(express, { [PRACTICE_KEYS[id]]: false }).selfTest();
    expect(failed(report)).not.toEqual([]);
    expect(new Set(failed(report).map((check) => check.split('/', 1)[0]))).toEqual(new Set([id]));
  });

  it('judges the same over real TLS', async () => {
    const gate = createApp(express, { mode: 'development', origins: 'https://localhost:8443' });
    await gate.listen({ port: 0 });
    try {
      expect(failed(await gate.selfTest())).toEqual([]);
    } finally {
      await gate.close();
    }
  });

  it('says that requests leave no line', async () => {
    const report = await createApp(express, { logging: { level: false } }).selfTest();
    expect(failed(report)).toEqual(['logging/request-line-off']);
    expect(report.passed).toBe(true);
  });

  it('shows each escape hatch that is used', async () => {
    const app = express();
    const gate = secure(app, { origins: ORIGIN, mode: 'production', logging: NOWHERE });
    app.get('/', (_req, res) => void res.send('home'));
    app.post('/hook', exempt('csrf', { reason: 'signed by the sender' }), (_req, res) => void res.send('hook'));
    const { findings, passed } = await gate.selfTest();
    expect(passed).toBe(true);
    expect(
      findings.map(({ id, message }) => [id, message.includes('/hook') && message.includes('signed by the sender')]),
    ).toEqual([['csrf/escape-hatch', true]]);
  });
});

describe.each(EXPRESS)('a policy that holds more than settings, on Express %s', (_version, express) => {
  it('is looked through for escape hatches, past a stream that holds itself', async () => {
    const stream = Object.assign(new PassThrough().resume(), { dangerouslyNothing: true, self: {} });
    stream.self = stream;
    const plain: { write(line: string): unknown; self?: unknown } = { write: () => true };
    plain.self = plain;
    const app = express();
    const gate = secure(app, {
      origins: ORIGIN,
      mode: 'production',
      logging: { stream, events: { stream: plain } },
    });
    const { findings } = await gate.selfTest();
    expect(findings.filter(({ id }) => id === 'logging/escape-hatch')).toEqual([]);
  });
});

describe('the checks', () => {
  it('speak for every practice', () => {
    const spoken = new Set(CHECKS.map(({ id }) => id.split('/', 1)[0] as PracticeId));
    expect([...spoken].sort()).toEqual([...PRACTICE_IDS].sort());
    expect(readdirSync(new URL('../src/practices', import.meta.url)).sort()).toEqual([...PRACTICE_IDS].sort());
  });
});
