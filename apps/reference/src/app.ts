import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { access, type Gate, limit, type Policy, secure } from 'bulwark';
import express, { type Express } from 'express';
import type { Environment } from './environment.ts';
import { signInOf } from './owner.ts';
import { PRACTICES } from './practices.ts';
import { mountHealth } from './routes/health.ts';
import { mountHooks } from './routes/hooks.ts';
import { mountNotesApi } from './routes/notes-api.ts';
import { mountNotesPages } from './routes/notes-pages.ts';
import { mountSignIn } from './routes/sign-in.ts';
import { mountTokensApi } from './routes/tokens-api.ts';
import type { Site } from './site.ts';
import type { Stores } from './stores.ts';

const views = fileURLToPath(new URL('../views', import.meta.url));
const assets = fileURLToPath(new URL('../public', import.meta.url));

/** The reference server: an ordinary Express app, secured in one call. */
export function createApp(environment: Environment, stores: Stores): { app: Express; gate: Gate } {
  const app = express();
  app.set('view engine', 'ejs');
  app.set('views', views);

  const gate = secure(app, policyOf(environment, stores));

  app.use('/assets', access.public('styles and icons'), express.static(assets, { index: false, maxAge: '1h' }));
  app.get('/', access.public('explains the server'), (_req, res) => {
    res.render('home', { page: 'home', practices: PRACTICES, coverage: gate.coverage(), mode: gate.policy.mode });
  });

  const site: Site = {
    ...stores,
    gate,
    signIn: signInOf(gate, stores.owner),
    writes: limit({ name: 'writes', limit: 30, window: '1m' }),
  };
  mountSignIn(app, site);
  if (!environment.production || environment.tokenKey !== undefined) mountTokensApi(app, site);
  mountNotesPages(app, site);
  mountNotesApi(app, site);
  if (environment.webhookSecret !== undefined) mountHooks(app, site, environment.webhookSecret);
  mountHealth(app, site);
  return { app, gate };
}

function policyOf(environment: Environment, { logs }: Stores): Policy {
  const { origin, production, certificate, proxy, logLevel, dataDir, redisUrl, tokenKey } = environment;
  const files = logs === undefined ? {} : { stream: logs.requests, events: { stream: logs.events } };
  return {
    origins: [origin],
    mode: production ? 'production' : 'development',
    https: certificate ?? {},
    proxy,
    logging: { level: logLevel, ...files },
    stores: redisUrl === undefined ? { sqlite: join(dataDir, 'state.sqlite') } : { redis: redisUrl.reveal() },
    sessions: {},
    passwords: {},
    // Production without a key has no tokens, and nobody can get any.
    ...(tokenKey === undefined && production
      ? {}
      : { tokens: tokenKey === undefined ? {} : { encryptionKey: tokenKey } }),
  };
}
