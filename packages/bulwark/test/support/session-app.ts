import type { IncomingMessage } from 'node:http';
import { expect } from 'vitest';
import type { EventInput } from '../../src/events.ts';
import {
  changeRoles,
  logIn,
  logOut,
  proveFactor,
  type Session,
  type SessionsOptions,
  sessions,
  sessionsOf,
} from '../../src/practices/sessions/index.ts';
import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';
import { appOf, type Browser, bareOf, browser, serveAsTls } from './browser.ts';
import { EXPRESS, type Express, serve } from './http.ts';

type Res = { end(text?: string): void };

/** The name of the cookie. */
export const NAME = '__Host-session';

/** What sessions run on. */
export const KINDS = [
  ...EXPRESS.map(([version, express]) => [`Express ${version}`, express] as const),
  ['bare node', undefined] as const,
];

/** `req.session`. */
export const own = (req: IncomingMessage): Session => (req as unknown as { session: Session }).session;
const json = (res: Res, value: unknown): void => res.end(JSON.stringify(value) ?? 'undefined');
const query = (req: IncomingMessage): URLSearchParams => new URL(req.url ?? '', 'http://x').searchParams;

/** Counts what a store is asked. */
function counted(calls: string[]): RecordStore & { readonly size: number } {
  const store = memoryRecordStore();
  return new Proxy(store, {
    get(target, name: keyof typeof store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...args: never[]) => {
        calls.push(name);
        return (member as (...all: never[]) => unknown)(...args);
      };
    },
  });
}

const ACTS = {
  '/plain': (_req: IncomingMessage, res: Res) => res.end('plain'),
  '/look': (req: IncomingMessage, res: Res) =>
    json(res, Object.fromEntries(Object.entries(own(req)).filter(([key]) => key !== 'cookie'))),
  '/put': (req: IncomingMessage, res: Res) => {
    for (const [key, value] of query(req)) own(req)[key] = value;
    res.end();
  },
  '/drop': (req: IncomingMessage, res: Res) => {
    delete own(req)[query(req).get('key') ?? ''];
    res.end();
  },
  '/in': async (req: IncomingMessage, res: Res) => {
    await logIn(req, { id: query(req).get('user') ?? 'bob', roles: ['reader'] }, { keep: ['cart'] });
    res.end();
  },
  '/out': async (req: IncomingMessage, res: Res) => logOut(req).then(() => res.end()),
  '/totp': async (req: IncomingMessage, res: Res) => proveFactor(req, 'totp').then(() => res.end()),
  '/editor': async (req: IncomingMessage, res: Res) => changeRoles(req, ['editor']).then(() => res.end()),
  '/devices': async (req: IncomingMessage, res: Res) => json(res, await sessionsOf(req).list()),
  '/revoke': async (req: IncomingMessage, res: Res) =>
    json(res, await sessionsOf(req).revoke(query(req).get('id') ?? '')),
  '/others': async (req: IncomingMessage, res: Res) => json(res, await sessionsOf(req).revokeOthers()),
  '/all': async (req: IncomingMessage, res: Res) => json(res, await sessionsOf(req).revokeAll()),
  '/null': (req: IncomingMessage, res: Res) => {
    (req as unknown as { session: unknown }).session = null;
    json(res, { after: own(req) === undefined });
  },
  '/other': (req: IncomingMessage, res: Res) => {
    const given: unknown = JSON.parse('{"n":1,"cookie":{"originalMaxAge":1},"id":"x","__proto__":{"admin":true}}');
    (req as unknown as { session: unknown }).session = given;
    json(res, { n: own(req).n, admin: own(req).admin, id: own(req).id !== 'x', age: own(req).cookie.originalMaxAge });
  },
  '/regenerate': async (req: IncomingMessage, res: Res) => {
    await own(req).regenerate();
    own(req).fresh = true;
    res.end();
  },
  '/large': (req: IncomingMessage, res: Res) => {
    own(req).small = 1;
    own(req).basket = 'x'.repeat(70_000);
    res.end('kept');
  },
  '/proto': (req: IncomingMessage, res: Res) => {
    Object.defineProperty(own(req), '__proto__', { value: { admin: true }, enumerable: true, configurable: true });
    own(req).n = 1;
    res.end();
  },
} as const;

/** An app with a handler for everything that one can do to a session; its clock is the test's. */
export async function startSessions(express: Express | undefined, options: SessionsOptions = {}, isTls = true) {
  const calls: string[] = [];
  const events: EventInput[] = [];
  let now = Date.parse('2026-11-25T12:00:00Z');
  const store = counted(calls);
  const middleware = sessions(
    { store, now: () => now, ...options },
    { emit: (event) => void events.push(event), mode: 'production' },
  );
  const acts: Record<string, (req: IncomingMessage, res: Res) => unknown> = ACTS;
  const app =
    express === undefined
      ? bareOf(middleware, new Proxy(acts, { get: (all, path: string) => all[path.split('?')[0] ?? ''] }))
      : appOf(express, middleware, acts);
  const served = await (isTls ? serveAsTls(app) : serve(app));
  return {
    ...served,
    calls,
    events,
    store,
    manager: middleware.manager,
    visitor: () => browser(served.url),
    pass: (ms: number) => {
      now += ms;
    },
    names: () => events.map(({ event }) => event),
  };
}

/** The same browser, once it has logged in. */
export async function loggedIn(visitor: Browser, user = 'bob'): Promise<Browser> {
  expect((await visitor.get(`/in?user=${user}`)).status).toBe(200);
  return visitor;
}
