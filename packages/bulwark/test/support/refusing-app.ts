import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Handler, type Next } from '../../src/context.ts';
import { type DecisionHandler, decisionOf } from '../../src/decisions.ts';
import { Refusal } from '../../src/errors.ts';
import { type Express, type Served, serve } from './http.ts';

/** An app behind a practice, with a handler whose side effect can be counted. */
export interface RefusingApp extends Served {
  /** How often the handler has run. */
  readonly ran: () => number;
}

/** What {@link serveBehind} builds. */
export interface Behind {
  /** What the gate would know of the route before it runs. */
  readonly decisions?: readonly DecisionHandler[];
  /** Runs after the practice and before the handler. */
  readonly then?: readonly Handler[];
}

/**
 * Serves one handler for every method and path behind a practice. A refusal is answered as `{ code, reason }`; any
 * other error is a 500.
 */
export async function serveBehind(express: Express, practice: Handler, behind: Behind = {}): Promise<RefusingApp> {
  let ran = 0;
  const app = express();
  app.use((req: IncomingMessage, _res: ServerResponse, next: Next) => {
    contextOf(req).decisions = (behind.decisions ?? []).flatMap((handler) => decisionOf(handler) ?? []);
    next();
  });
  app.use(practice, ...(behind.then ?? []));
  app.use((_req: IncomingMessage, res: ServerResponse) => {
    ran++;
    res.end('done');
  });
  app.use((error: unknown, _req: IncomingMessage, res: ServerResponse, _next: Next) => {
    const refused = error instanceof Refusal;
    res.statusCode = refused ? error.status : 500;
    res.end(JSON.stringify(refused ? { code: error.code, reason: error.reason } : { code: String(error) }));
  });
  return { ...(await serve(app)), ran: () => ran };
}
