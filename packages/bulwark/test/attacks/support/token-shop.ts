import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import jsonwebtoken from 'jsonwebtoken';
import { access, type Gate, type Policy } from '../../../src/index.ts';
import { KEY } from '../../../src/practices/tokens/fixtures/make.ts';
import { sendTokens, tokenOf } from '../../../src/practices/tokens/index.ts';
import type { RecordStore } from '../../../src/stores/record-store.ts';
import type { Express } from '../../support/http.ts';
import { type App, handWire, pairOf } from './hand-wired.ts';

/** What the hand-wired apps sign with. */
export const SECRET = 'only used in these tests';

/** A policy with tokens in this store. */
export const policyOf = (store: RecordStore, more: Partial<Policy> = {}): Partial<Policy> => ({
  tokens: { encryptionKey: KEY, store, apiKeys: {} },
  ...more,
});

/** The guard of tutorials. */
export const guard: RequestHandler = (req, res, next) => {
  try {
    const token = String(req.headers.authorization).replace(/^Bearer /, '');
    Object.assign(req, { user: jsonwebtoken.verify(token, SECRET, { algorithms: ['HS256'] }) });
    next();
  } catch {
    res.sendStatus(401);
  }
};

/** A table of a database, at a distance: what is read may be old when it is written. */
export class Table {
  readonly rows = new Map<string, string>();
  /** So many who look at once have all read before the first of them writes. */
  together = 1;
  readonly #waiting: (() => void)[] = [];

  async find(token: string): Promise<string | undefined> {
    const row = this.rows.get(token);
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < this.together) return;
      this.together = 1;
      for (const go of this.#waiting.splice(0)) go();
    });
    return row;
  }
  async add(token: string, user: string): Promise<void> {
    await new Promise(setImmediate);
    this.rows.set(token, user);
  }
  async drop(token: string): Promise<void> {
    await new Promise(setImmediate);
    this.rows.delete(token);
  }
}

/** Log in, refresh, log out and a page: by hand with jsonwebtoken, and with `gate.tokens`. */
export function shop(
  express: Express,
  store: RecordStore,
  table: Table,
  keepOld = false,
): { wired: App; secured: App } {
  const own: { gate?: Gate } = {};
  const tokens = (): Gate['tokens'] => (own.gate as Gate).tokens;
  const sign = (): string => jsonwebtoken.sign({ sub: 'ann' }, SECRET, { expiresIn: '15m' });
  const build = (secured: boolean): App => {
    const app = express();
    handWire(app, express, { order: ['helmet', 'json'] });
    const answer = (res: Response, work: Promise<unknown>): void => void work.catch(() => res.sendStatus(401));
    const open = secured ? [access.public('it takes what proves who it is')] : [];
    app.post('/login', ...open, (_req, res) => {
      const byHand = async (): Promise<void> => {
        const refresh = randomUUID();
        await table.add(refresh, 'ann');
        res.json({ access_token: sign(), refresh_token: refresh });
      };
      answer(
        res,
        secured
          ? tokens()
              .issue({ sub: 'ann' }, { refresh: true })
              .then((it) => sendTokens(res, it))
          : byHand(),
      );
    });
    app.post('/refresh', ...open, (req: Request, res: Response) => {
      const old = String((req.body as Record<string, unknown>).refresh_token);
      const byHand = async (): Promise<void> => {
        const user = await table.find(old);
        if (user === undefined) return void res.sendStatus(401);
        const next = keepOld ? old : randomUUID();
        if (!keepOld) {
          await table.drop(old);
          await table.add(next, user);
        }
        res.json({ access_token: sign(), refresh_token: next });
      };
      answer(
        res,
        secured
          ? tokens()
              .refresh(old)
              .then((issued) => sendTokens(res, issued))
          : byHand(),
      );
    });
    app.post('/logout', ...(secured ? [access.authenticated()] : [guard]), (req, res) => {
      const found = tokenOf(req);
      const sid = found?.kind === 'access' ? String(found.claims.sid) : '';
      answer(
        res,
        (secured ? tokens().revoke({ sid }) : Promise.resolve()).then(() => res.sendStatus(204)),
      );
    });
    app.get('/me', secured ? access.authenticated() : guard, (_req, res) => void res.send('ann'));
    return app;
  };
  const { wired, secured, gate } = pairOf(build, policyOf(store));
  own.gate = gate;
  return { wired, secured };
}
