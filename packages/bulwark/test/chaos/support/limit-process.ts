/**
 * One process of an app with a limit of 100 a day. `node limit-process.ts <place> <address of Redis>` writes its port; the
 * place is `shared`, `alone` (a memory store), or `careless`: it reads a count in Redis, and then writes it.
 */
import express from 'express';
import { createClient } from 'redis';
import { secure } from '../../../src/index.ts';
import type { StoresSetting } from '../../../src/stores/index.ts';
import { QUIET } from '../../support/ask.ts';
import { serve } from '../../support/http.ts';

const [place, redis = ''] = process.argv.slice(2);
const LIMIT = 100;

const app = express();
if (place === 'careless') {
  const client = await createClient({ url: redis }).connect();
  app.use(async (_req, res, next) => {
    const used = Number(await client.get('used'));
    if (used >= LIMIT) return void res.sendStatus(429);
    await client.set('used', used + 1);
    next();
  });
} else {
  const stores: StoresSetting = place === 'shared' ? { redis, timeout: '10s' } : { memory: true };
  secure(app, { ...QUIET, stores, rateLimit: { limit: LIMIT, window: '1d', penalty: false } });
}
app.get('/', (_req, res) => void res.send('home'));
const { port } = await serve(app);
process.stdout.write(`${port}\n`);
