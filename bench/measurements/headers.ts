import { once } from 'node:events';
import { secure } from 'bulwark';
import { nonceOf } from 'bulwark/headers';
import express, { type RequestHandler } from 'express';
import helmet from 'helmet';
import { type Exchange, openSource } from '../batch.ts';
import type { Measurement } from '../measurement.ts';
import { requestsOf } from '../requests.ts';
import { spreadOf } from '../spread.ts';

/** Microseconds. */
const GOAL = 15;
const OFF = {
  access: false,
  cors: false,
  csrf: false,
  errors: false,
  https: false,
  input: false,
  limits: false,
  logging: false,
  rateLimit: false,
  secrets: false,
} as const;

type App = (batch: readonly Exchange[]) => void;

/** What headers with a nonce in each response add to the processor time of a request, in process. */
export const headers: Measurement = {
  id: 'headers',
  title: 'Headers with a CSP nonce per response',
  async run({ quick }) {
    const apps = { gate: gateWith(false), headers: gateWith(true), bare: expressWith(), helmet: expressWith(helmet()) };
    const texts = Array.from({ length: 6 }, () => requestsOf('GET /page')).flat();
    const source = await openSource();
    const rounds: Record<string, number>[] = [];
    const [warmUp, counted] = quick ? [8, 12] : [30, 60];
    for (let n = 0; n < warmUp + counted; n++) {
      const taken: Record<string, number> = {};
      for (const [name, app] of Object.entries(apps)) {
        const batch = await source.take(texts);
        const from = performance.now();
        app(batch);
        taken[name] = ((performance.now() - from) * 1000) / batch.length;
        await once((batch.at(-1) as Exchange).res, 'close');
      }
      if (n >= warmUp) rounds.push(taken);
    }
    source.close();
    const added = (name: string, base: string): number[] =>
      rounds.map((taken) => Math.max(0, (taken[name] as number) - (taken[base] as number)) / GOAL);
    return [
      {
        id: 'headers',
        title: 'processor time that headers with a CSP nonce per response add to a request, of 15 µs',
        ...spreadOf(added('headers', 'gate')),
        goal: { atMost: 1 },
        handWired: spreadOf(added('helmet', 'bare')).ratio,
        note: 'in process, everything in the processor’s caches; hand-wired: helmet, which has no nonce',
      },
    ];
  },
};

function gateWith(isOn: boolean): App {
  const app = express();
  const policy = { origins: 'https://bench.example', proxy: { cidrs: ['127.0.0.1'] }, ...OFF } as const;
  const { handler } = secure(app, { ...policy, mode: 'production', ...(isOn ? {} : { headers: false }) });
  app.get('/page', (req, res) => {
    res.type('html');
    res.end(`<script nonce="${isOn ? nonceOf(req) : ''}">start()</script>`);
  });
  return (batch) => {
    for (const { req, res } of batch) handler(req, res);
  };
}

function expressWith(...middleware: readonly RequestHandler[]): App {
  const app = express();
  for (const each of middleware) app.use(each);
  app.get('/page', (_req, res) => {
    res.type('html');
    res.end('<script>start()</script>');
  });
  return (batch) => {
    for (const { req, res } of batch) void app(req, res);
  };
}
