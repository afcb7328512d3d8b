import type { Express as App, NextFunction, Request, Response } from 'express';
import type { Client } from './client.ts';
import type { StoreControl } from './implementations.ts';

/** `req.session` as the rows use it: what express-session documents. */
export interface AnySession {
  readonly id: string;
  cookie: {
    maxAge: number | null | false | undefined;
    originalMaxAge: number | null | false;
    expires: Date | null | false | undefined;
    toJSON(): Record<string, unknown>;
  };
  save(callback?: (error?: unknown) => void): AnySession;
  reload(callback: (error?: unknown) => void): AnySession;
  regenerate(callback: (error?: unknown) => void): AnySession;
  destroy(callback?: (error?: unknown) => void): AnySession;
  touch(): AnySession;
  resetMaxAge(): AnySession;
  [key: string]: unknown;
}

/** A request with a session, before it may be gone. */
export interface WithSession {
  session: AnySession;
  sessionID: string;
}

/** A handler with the session. */
export type Handle = (req: Request & WithSession, res: Response, next: NextFunction) => unknown;

/** Settings of a row that both implementations know. */
export interface RowOptions {
  readonly maxAge?: number;
  readonly rolling?: boolean;
}

/** What a row has at hand. */
export interface Scene {
  readonly visitor: Client;
  /** Another visitor of the same server. */
  readonly other: Client;
  readonly store: StoreControl;
}

/** One behaviour: an app, what is done with it, what comes out. */
export interface Row {
  readonly name: string;
  readonly options?: RowOptions;
  readonly routes: Readonly<Record<string, Handle>>;
  readonly run: (scene: Scene) => Promise<unknown>;
  readonly expected: unknown;
  /** Where Bulwark means to differ: what comes out there, and why. */
  readonly bulwark?: { readonly expected: unknown; readonly because: string };
}

/** Mounts the routes of a row. */
export function mount(app: App, routes: Readonly<Record<string, Handle>>): void {
  for (const [path, handle] of Object.entries(routes)) app.get(path, handle as never);
}

/** Routes that nearly every row needs. */
export const COMMON: Readonly<Record<string, Handle>> = {
  '/set': (req, res) => {
    for (const [key, value] of Object.entries(req.query)) req.session[key] = value;
    res.json({ id: req.sessionID });
  },
  '/get': (req, res) => {
    const { cookie: _, ...data } = req.session;
    res.json(data);
  },
  '/id': (req, res) => {
    res.json(req.sessionID);
  },
  '/untouched': (_req, res) => {
    res.send('nothing');
  },
};

/** Hands the message of an error to the client. */
export function tell(res: Response): (error?: unknown) => void {
  return (error) => {
    res.json({ error: error instanceof Error });
  };
}

/** Holds a request until the test lets it go on: what overlaps does so by order, not by time. */
export function hold(req: Request, goOn: () => void): void {
  const { locals } = req.app;
  locals.held = [...((locals.held as (() => void)[] | undefined) ?? []), goOn];
}

/** `/held?count=2` answers once two requests are held; `/release` lets them go on. */
export const HOLDING: Readonly<Record<string, Handle>> = {
  ...COMMON,
  '/held': (req, res) => {
    const look = (): void => {
      const held = (req.app.locals.held as unknown[] | undefined) ?? [];
      if (held.length >= Number(req.query.count ?? 1)) res.end();
      else setTimeout(look, 2);
    };
    look();
  },
  '/release': (req, res) => {
    const held = (req.app.locals.held as (() => void)[] | undefined) ?? [];
    req.app.locals.held = [];
    for (const goOn of held) goOn();
    res.end();
  },
};

/** A parameter of the query that came once. */
export function textOf(parameter: unknown): string {
  return typeof parameter === 'string' ? parameter : '';
}
