/**
 * The server of the load tests, a process of its own: `program.ts gate|bare`, told what to do by messages of its parent.
 *
 * Both serve the same app; `bare` is plain Express with express.json(), as most apps begin.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import express from 'express';
import { limits, type Policy, secure } from '../../../src/index.ts';

/** What the process says of itself since it was last asked to begin. */
export interface Figures {
  /** Resident memory in bytes: the most of it. */
  readonly peakRss: number;
  /** The 99th percentile of the delay of the event loop, in milliseconds. */
  readonly loopDelay: number;
  /** Bodies that were parsed and given to a handler. */
  readonly parsed: number;
  /** Security events by name. */
  readonly events: Readonly<Record<string, number>>;
}

const [kind = '', options = '{}'] = process.argv.slice(2);
const RESOLUTION = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();
let peakRss = 0;
let parsed = 0;
let events: Record<string, number> = {};
setInterval(() => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, 10).unref();

const app = express();
const policy = {
  origins: 'https://shop.example',
  mode: 'production',
  https: false,
  logging: { level: false },
  rateLimit: false,
  ...(JSON.parse(options) as Partial<Policy>),
} satisfies Policy;
const gate = kind === 'gate' ? secure(app, policy) : undefined;
gate?.on('*', ({ event }) => {
  events[event] = (events[event] ?? 0) + 1;
});
if (gate === undefined) app.use(express.json({ limit: '2mb' }));

app.get('/', (_req, res) => void res.send('served'));
app.get('/healthz', limits.priority('essential', { reason: 'asked by the machine that watches' }), (_req, res) => {
  res.send('alive');
});
app.post('/', (req, res) => {
  if (typeof req.body === 'object' && Object.keys(req.body as object).length > 0) parsed += 1;
  res.send('taken');
});
app.get('/burn', (_req, res) => {
  const end = performance.now() + 300;
  while (performance.now() < end);
  res.send('burnt');
});

async function listen(): Promise<number> {
  if (gate !== undefined) return (await gate.listen({ port: 0, host: '127.0.0.1' })).port;
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

process.on('message', (message) => {
  if (message === 'begin') {
    delay.reset();
    peakRss = process.memoryUsage.rss();
    parsed = 0;
    events = {};
  }
  const loopDelay = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION);
  const figures: Figures = { peakRss, loopDelay: Number.isNaN(loopDelay) ? 0 : loopDelay, parsed, events };
  process.send?.(figures);
});
process.on('disconnect', () => process.exit());
process.send?.(await listen());
