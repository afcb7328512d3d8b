/**
 * Where the gate's time goes: each step of the pipeline and each hook of the response gate, in nanoseconds per request.
 *
 * `node bench/layers.ts`. A step runs for a whole batch of requests before the next one does, so everything it needs is
 * in the processor's caches: what a step costs among the others is rather more.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { buildPractices, type Practices } from '../packages/bulwark/src/build.ts';
import { contextOf, type GateServices, type Middleware } from '../packages/bulwark/src/context.ts';
import { isExpressApp } from '../packages/bulwark/src/express/internals.ts';
import { type MessageClasses, messageClasses } from '../packages/bulwark/src/express/messages.ts';
import { installClient } from '../packages/bulwark/src/express/request-client.ts';
import {
  addLocals,
  createResponseGate,
  installNonce,
  installResponseGate,
} from '../packages/bulwark/src/express/response-gate.ts';
import { RouteTable } from '../packages/bulwark/src/express/route-table.ts';
import { TextHead } from '../packages/bulwark/src/head.ts';
import { type Policy, readPolicy } from '../packages/bulwark/src/policy.ts';
import { compile, run, type Step } from '../packages/bulwark/src/run.ts';
import { secure } from '../packages/bulwark/src/secure.ts';
import { type Exchange, openSource } from './batch.ts';
import { requestsOf } from './requests.ts';
import { addRoutes } from './servers/serve.ts';
import { median } from './spread.ts';

const BATCHES = 60;
const WARM_UP = 40;

type Work = (req: IncomingMessage, res: ServerResponse) => void;

const policy: Policy = {
  origins: 'https://bench.example',
  mode: 'production',
  proxy: { cidrs: ['127.0.0.1'] },
  rateLimit: { limit: 10_000_000, window: '1h' },
  // Lines are written many at once, outside of any request.
  logging: { stream: { write: () => undefined } },
};
const requests = requestsOf('GET /api/items/42');
const texts = Array.from({ length: 10 }, () => requests).flat();
const times = new Map<string, number[]>();

/** Does one thing for each request of a batch, and notes what it took. */
function time(name: string, batch: readonly Exchange[], work: Work): void {
  const begun = performance.now();
  for (const { req, res } of batch) work(req, res);
  const taken = ((performance.now() - begun) * 1e6) / batch.length;
  const known = times.get(name);
  if (known === undefined) times.set(name, [taken]);
  else known.push(taken);
}

function newApp(): ReturnType<typeof express> {
  const app = express();
  addRoutes(app);
  return app;
}

/** The gate in parts, put together as `secure()` does it. */
function takeApart(): { enter: Work; steps: readonly Step[]; practices: Practices; messages: MessageClasses } {
  const app: unknown = newApp();
  if (!isExpressApp(app)) throw new Error('not an Express app');
  const practices = buildPractices(readPolicy(policy), { emit: () => undefined, mode: 'production' });
  const table = new RouteTable(app);
  const writeHead = createResponseGate(practices.hooks);
  const gate: GateServices = {
    onlyReports: () => false,
    isForeseen: () => true,
    enterRoute: (_req, _res, _layer, next) => next(),
    enterApp: () => undefined,
    refuse: () => undefined,
    unserved: () => undefined,
    mayBeStored: () => false,
    isExposed: () => false,
  };
  installClient(app);
  installNonce(app);
  table.seal();
  const enter: Work = (req, res) => {
    const context = contextOf(req);
    context.gate = gate;
    context.url = req.url ?? '/';
    installResponseGate(res, writeHead);
    addLocals(res);
  };
  const steps = compile({
    ...practices.handlers,
    route: (req, _res, next) => {
      const context = contextOf(req);
      const match = table.find(req.method ?? '', context.url);
      if (match !== undefined) {
        context.decisions = match.decisions;
        context.route = match.layer;
      }
      next();
    },
    endpoints: (req, res, next) => practices.endpoints?.(req, res, next),
  });
  return { enter, steps, practices, messages: messageClasses(app) };
}

function inParts(batch: readonly Exchange[], parts: ReturnType<typeof takeApart>): void {
  const { enter, steps, practices } = parts;
  time('entry: context, prototypes, locals', batch, enter);
  let passed = 0;
  const next = (error?: unknown): void => {
    if (error === undefined) passed += 1;
  };
  for (const { id, handler } of steps) {
    time(`step: ${id}`, batch, (req, res) => handler(req, res, next));
  }
  if (passed !== batch.length * steps.length) throw new Error('a step refused a request, or answered it');
  for (const { res } of batch) {
    res.setHeader('Content-Type', 'application/json; charset=utf-8');
    res.setHeader('ETag', 'W/"7b-zWyAqGE3n9TVYXsLxS9gQ6GgjF0"');
    res.setHeader('Content-Length', '123');
  }
  for (const hook of practices.hooks) {
    const [owner] =
      Object.entries(practices.handlers).find(([, handler]) => (handler as Middleware).response === hook) ?? [];
    time(`response hook: ${owner ?? 'redirects'}`, batch, (req, res) => hook(req, res, new TextHead(res)));
  }
}

/** What stands around the steps, measured with steps that do nothing. */
function aroundSteps(batch: readonly Exchange[], { steps }: ReturnType<typeof takeApart>): void {
  const empty = steps.map((step): Step => ({ ...step, handler: (_req, _res, next) => next() }));
  const nothing = (): void => undefined;
  time('run(): as many steps that do nothing', batch, (req, res) =>
    run(empty, req, res, { onlyReports: () => false }, nothing),
  );
}

/** Lets the answers go out, then runs what listens for their end: the log line. */
async function finish(batch: readonly Exchange[], name: string | undefined): Promise<void> {
  const lines = new Map(batch.map(({ res }) => [res, res.listeners('close') as ((this: ServerResponse) => void)[]]));
  for (const { res } of batch) res.removeAllListeners('close');
  await once((batch.at(-1) as Exchange).res, 'finish');
  if (name === undefined) return;
  time(name, batch, (_req, res) => {
    for (const line of lines.get(res) ?? []) line.call(res);
  });
}

async function main(): Promise<void> {
  const parts = takeApart();
  const bare = newApp();
  const secured: unknown = newApp();
  const { handler } = secure(secured, policy);
  if (!isExpressApp(secured)) throw new Error('not an Express app');
  // As `gate.listen()` does it: requests and responses are born as the app's.
  const [source, inGate, inWhole] = await Promise.all([
    openSource(),
    openSource(parts.messages),
    openSource(messageClasses(secured)),
  ]);

  for (let n = 0; n < WARM_UP + BATCHES; n++) {
    if (n === WARM_UP) times.clear();
    const apart = await inGate.take(texts);
    inParts(apart, parts);
    for (const { res } of apart) res.end('x'.repeat(123));
    await finish(apart, 'log line, after the response');

    const around = await inGate.take(texts);
    aroundSteps(around, parts);
    for (const { res } of around) res.end();
    await finish(around, undefined);

    const plain = await source.take(texts);
    time('whole: bare Express', plain, (req, res) => void bare(req, res));
    await finish(plain, undefined);

    const whole = await inWhole.take(texts);
    time('whole: with secure()', whole, handler);
    await finish(whole, 'whole: its log line');
  }
  for (const each of [source, inGate, inWhole]) each.close();
  report();
}

function report(): void {
  console.log('| | ns per request |\n| --- | ---: |');
  for (const [name, taken] of times) console.log(`| ${name} | ${Math.round(median(taken)).toLocaleString('en')} |`);
}

await main();
