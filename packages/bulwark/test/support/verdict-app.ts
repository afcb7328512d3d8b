import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import {
  type AccessOptions,
  access,
  exempt,
  type Gate,
  headers,
  html,
  input,
  limit,
  type Policy,
  redirect,
  Secret,
  secure,
  sessionOf,
  text,
  validate,
} from '../../src/index.ts';
import { cors } from '../../src/practices/cors/index.ts';
import type { Express } from './http.ts';

/** Which of the apps a request of the corpus goes to. */
export type Setting = 'direct' | 'limited' | 'proxied' | 'plain' | 'denied' | 'users';

const ORIGIN = 'https://shop.example';
/** So that what is left of a limit does not depend on how long a run takes. */
const standingStill = (): number => 0;

const identify: NonNullable<AccessOptions['identify']> = ({ headers: { authorization } }) =>
  authorization === undefined ? undefined : { id: 'ann', roles: authorization === 'Bearer admin' ? ['admin'] : [] };

const SETTINGS: Readonly<Record<Setting, Partial<Policy>>> = {
  /** Reached directly, over what the test takes for TLS: the redirect to HTTPS is off. */
  direct: { https: false },
  /** The same with a limit of two requests. */
  limited: { https: false, rateLimit: { limit: 2, now: standingStill } },
  /** Behind nginx. */
  proxied: { proxy: 'nginx' },
  /** Reached directly, over plain HTTP. */
  plain: {},
  /** Reached directly; what nobody decided about is denied. */
  denied: { https: false, access: { identify } },
  /** Reached directly, with users of its own. */
  users: {
    https: false,
    access: { undecided: 'allow' },
    stores: { memory: true },
    sessions: {},
    tokens: { encryptionKey: Secret.of(randomBytes(32).toString('base64url')) },
  },
};

/**
 * One app that uses what there is: pages, forms, a webhook, a partner's route, a route for users, routes that fail.
 *
 * @param change - what is different in the policy, to show that the corpus would notice
 */
export function createVerdictApp(
  express: Express,
  setting: Setting,
  change: Partial<Policy> = {},
): { app: unknown; gate: Gate } {
  const app = express();
  const gate = secure(app, {
    origins: ORIGIN,
    mode: 'production',
    logging: { level: false },
    errors: { onError: () => undefined },
    rateLimit: { now: standingStill },
    cors: { origins: ['https://app.example'], credentials: true },
    csrf: { trustedOrigins: ['https://login.example'] },
    access: { undecided: 'allow', identify },
    ...SETTINGS[setting],
    ...change,
  });
  app.get('/', (_req, res) => void res.send('<!doctype html><title>home</title>'));
  app.get('/who', (req, res) => void res.json({ who: [req.ip, req.protocol, req.hostname] }));
  app.all('/any', (_req, res) => void res.send('any'));
  app.post('/form', (req, res) => void res.json({ body: req.body as unknown }));
  app.put('/form', (_req, res) => void res.send('put'));
  app.delete('/form', (_req, res) => void res.send('deleted'));
  app.post('/hook', exempt('csrf', { reason: 'signed by the sender' }), (_req, res) => void res.send('hook'));
  app.post('/raw', exempt('input', { reason: 'signed over the raw bytes' }), (_req, res) => void res.send('raw'));
  app.post('/signed', input.raw(), (req, res) => void res.send((req.body as Buffer).toString('latin1')));
  app.post('/only-json', input.json({ limit: '1kb' }), (_req, res) => void res.send('json'));
  app.post('/stream', input.stream({ limit: '1kb' }), (req, res) => {
    req.resume().on('end', () => void res.send('streamed'));
  });
  const picture = { types: ['image/gif'], limit: '1kb', required: true } as const;
  app.post('/upload', input.multipart({ files: { picture } }), (_req, res) => void res.send('uploaded'));
  app.get('/partner', cors.allow({ origins: ['https://partner.example'] }), (_req, res) => void res.send('partner'));
  app.get('/feed', cors.allow({ dangerouslyAnyOrigin: true }), (_req, res) => void res.send('feed'));
  const embeddable = headers.profile('embeddable', { by: ['https://partner.example'] });
  app.get('/badge', embeddable, (_req, res) => void res.type('svg').send('<svg/>'));
  app.post(
    '/login',
    limit({ name: 'login', limit: 1, window: '15m', now: standingStill }),
    (_req, res) => void res.send('welcome'),
  );
  app.get('/account', access.authenticated(), (_req, res) => void res.send('account'));
  app.get('/visitor', (req, res) => void res.json({ seen: sessionOf<{ seen: number }>(req)?.seen ?? 'never' }));
  app.delete('/users/:id', access.role('admin'), (_req, res) => void res.send('removed'));
  app.use('/assets', (_req, _res, next) => next());
  app.get('/cookie', (_req, res) => void res.cookie('sid', '1').send('cookie'));
  app.get('/redirect', (_req, res) => res.redirect('/'));
  const search = validate({ query: z.object({ q: z.string().transform(text({ max: 20 })) }) });
  app.get('/search', search, (req, res) => void res.json(search.of(req).query));
  const note = validate({
    params: z.object({ id: z.string().regex(/^\d+$/) }),
    body: z.object({ title: z.string(), text: z.string().transform(html()).optional() }),
    response: z.object({ id: z.string(), title: z.string(), text: z.string().optional() }),
  });
  app.put('/notes/:id', note, (req, res) => {
    const { params, body } = note.of(req);
    // The handler gives more away than it should, and for one title the wrong thing.
    res.json({ ...params, ...body, owner: 'SELECT', ...(body.title === 'wrong' ? { title: { is: 'SELECT' } } : {}) });
  });
  const go = (req: Request, res: Response): void => res.redirect(req.query.next as string);
  app.get('/go', go);
  app.get('/go/pay', redirect.external('https://pay.example'), go);
  app.get('/throws', () => {
    throw new Error('SELECT secret');
  });
  app.get('/rejects', async () => {
    await Promise.resolve();
    throw new Error('SELECT secret');
  });
  return { app, gate };
}
