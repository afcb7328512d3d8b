/**
 * The server of a measurement of growth, as the environment says: FRAMEWORK (`express` or `bulwark`), ROUTES, and for
 * Bulwark CLIENTS and SESSIONS, which are there before it listens, and REDIS, where they live then.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { access, secure } from 'bulwark';
import { memoryRateLimitStore, memoryRecordStore, type Stores } from 'bulwark/stores';
import express from 'express';
import { addressOf, keptOf, recordOf } from './crowd.ts';

const HOUR = 3_600_000;
const LIMIT = 10_000_000;
const { FRAMEWORK, REDIS } = process.env;
const routes = Number(process.env.ROUTES ?? 1);
const clients = Number(process.env.CLIENTS ?? 0);
const sessions = Number(process.env.SESSIONS ?? 0);

const app = express();
const listener: RequestListener = FRAMEWORK === 'express' ? app : await secured();
addRoutes();
serve();

async function secured(): Promise<RequestListener> {
  const { handler } = secure(app, {
    origins: 'https://bench.example',
    mode: 'production',
    proxy: { cidrs: ['127.0.0.1'] },
    rateLimit: { limit: LIMIT, window: '1h' },
    stores: REDIS === undefined ? await filled() : { redis: REDIS },
    ...(sessions > 0 ? { sessions: {} } : {}),
  });
  return handler;
}

/** Stores in this process that have seen them all. What is beyond their maximum they have given up again. */
async function filled(): Promise<Stores> {
  const records = memoryRecordStore({ maxEntries: Math.max(100_000, sessions) });
  const limits = memoryRateLimitStore();
  const rule = { limit: LIMIT, window: HOUR };
  for (let i = 0; i < clients; i++) {
    limits.consume(`default|c:${addressOf(i)}`, 1_000_000, rule, performance.now());
  }
  for (let i = 0; i < sessions; i++) {
    records.insert(`session:${keptOf(i).id}`, { value: recordOf(i), ttl: HOUR, owner: `session:user-${i}` });
  }
  return { kind: 'memory', shared: false, records, limits, ready: async () => undefined, close: async () => undefined };
}

function addRoutes(): void {
  const who = access.public('what is measured is the way to it');
  for (let i = 0; i < routes; i++) {
    const answer: express.RequestHandler = (req, res) => {
      res.json({ id: req.params.id, name: 'A book about walls', price: 1299, currency: 'EUR', inStock: true });
    };
    if (FRAMEWORK === 'express') app.get(`/api/r${i}/:id`, answer);
    else app.get(`/api/r${i}/:id`, who, answer);
  }
}

function serve(): void {
  const server = createServer(listener).listen(0, '127.0.0.1', () => {
    process.send?.({ port: (server.address() as AddressInfo).port });
  });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpu: user + system });
  });
  process.on('disconnect', () => process.exit());
}
