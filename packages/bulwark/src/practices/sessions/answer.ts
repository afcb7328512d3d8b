import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { clientOf } from '../client/index.ts';
import { NOTICES } from './notices.ts';
import type { SessionService } from './service.ts';

const PRIVATE = 'private, no-store';

/** What the response to one request says of its session: the cookie, and who may store it. */
export class SessionAnswer {
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #cookie: string | undefined;
  /** The line that ends the cookie of express-session. */
  #clearsOld: string | undefined;

  constructor(service: SessionService, req: IncomingMessage, res: ServerResponse) {
    this.#service = service;
    this.#req = req;
    this.#res = res;
  }

  /** Whether it has a cookie to set, or to clear. */
  get hasCookie(): boolean {
    return this.#cookie !== undefined;
  }

  set(token: string, maxAge: number | null): void {
    this.#cookie = this.#service.cookie.write(token, maxAge ?? undefined);
  }

  clear(): void {
    this.#cookie = this.#service.cookie.clear();
  }

  /** Ends an old cookie too, whose session was taken over. */
  clearOld(line: string): void {
    this.#clearsOld = line;
  }

  /** Says nothing of a cookie after all. */
  drop(): void {
    this.#cookie = undefined;
  }

  /** @throws Error where the head is out */
  requireHead(): void {
    if (!this.#res.headersSent) return;
    throw new Error('the response has begun: its cookie cannot be changed any more');
  }

  /** Whether a cookie would not arrive: the head is out, or it is `Secure` and the request came in the clear. */
  cannotSetCookie(): boolean {
    if (this.#res.headersSent) return true;
    if (!this.#service.cookie.secure || clientOf(this.#req).protocol === 'https') return false;
    this.#service.sayPlain(this.#req);
    return true;
  }

  /**
   * The response hook: the cookie, if there is anything to say, and no shared cache for what is one user's.
   *
   * @see ASVS 5.0 14.3.2, CWE-525
   */
  writeHead(isRead: boolean): void {
    const res = this.#res;
    const lines = [this.#cookie, this.#clearsOld].filter((line) => line !== undefined);
    for (const line of lines) res.appendHeader('Set-Cookie', line);
    if (lines.length === 0 && !isRead) return;
    const given = String(res.getHeader('cache-control') ?? '');
    const isShared = lines.length > 0 && !/(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i.test(given);
    if (given === '' || isShared) res.setHeader('Cache-Control', PRIVATE);
  }

  /** What was to be kept could not be: nobody is told that it was. */
  refuse(error: unknown): void {
    this.drop();
    const { gate } = contextOf(this.#req);
    if (gate !== undefined) return gate.refuse(this.#req, this.#res, error);
    const res = this.#res;
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    res.statusMessage = '';
    res.statusCode = error instanceof Refusal ? error.status : 500;
    if (error instanceof Refusal) {
      for (const [name, value] of Object.entries(error.headers ?? {})) res.setHeader(name, value);
    } else {
      // Alone there is no error handler to tell: the answer is held back behind the app's own.
      this.#service.emit(NOTICES.unkept(error), this.#req);
    }
    res.end(error instanceof Refusal ? error.code : 'ERR_INTERNAL');
  }
}
