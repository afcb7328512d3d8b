import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handler } from '../../src/context.ts';
import { type Express, type Listener, type Received, type Sent, type Served, send, serve } from './http.ts';

/** A handler of a test; what it throws or rejects with goes to the error handler. */
export type Act = (req: IncomingMessage, res: ServerResponse) => unknown;

/** A client that keeps cookies, as a browser does. */
export interface Browser {
  /** Cookies by name. */
  readonly jar: Map<string, string>;
  /** Sends a request with the jar's cookies, and keeps those that come back. */
  get(target: string, sent?: Sent): Promise<Received>;
}

/** The host is the one that the app of the tests is served at. */
export function browser(url: string, headers: Sent['headers'] = { host: 'shop.example' }): Browser {
  const jar = new Map<string, string>();
  return {
    jar,
    async get(target, sent = {}) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await send(url, {
        ...sent,
        target,
        headers: { ...headers, ...(cookie === '' ? {} : { cookie }), ...sent.headers },
      });
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [pair = ''] = line.split(';');
        const at = pair.indexOf('=');
        if (/; Max-Age=0(?:;|$)/.test(line)) jar.delete(pair.slice(0, at));
        else jar.set(pair.slice(0, at), pair.slice(at + 1));
      }
      return answer;
    },
  };
}

/** Serves; connections count as TLS, so that Secure cookies are set. */
export async function serveAsTls(listener: unknown): Promise<Served> {
  const served = await serve(listener);
  served.server.on('connection', (socket) => void Object.assign(socket, { encrypted: true }));
  return served;
}

/** An app with middleware and handlers by path, on Express. */
export function appOf(express: Express, middleware: Handler, acts: Readonly<Record<string, Act>>): Listener {
  const app = express();
  app.use(middleware as never);
  for (const [path, act] of Object.entries(acts)) {
    app.all(path, (req, res, next) => {
      Promise.resolve()
        .then(() => act(req, res))
        .catch(next);
    });
  }
  app.use(answerError as never);
  return app;
}

function answerError(
  error: { status?: number; code?: string },
  _req: unknown,
  res: ServerResponse,
  _next: unknown,
): void {
  res.statusCode = error.status ?? 500;
  res.end(error.code ?? 'unexpected');
}

/** The same on bare node. */
export function bareOf(middleware: Handler, acts: Readonly<Record<string, Act>>): Listener {
  return (req, res) =>
    middleware(req, res, (error) => {
      Promise.resolve()
        .then(() => (error === undefined ? acts[req.url ?? '']?.(req, res) : Promise.reject(error)))
        .catch((failure: unknown) => answerError(failure as object, req, res, undefined));
    });
}
