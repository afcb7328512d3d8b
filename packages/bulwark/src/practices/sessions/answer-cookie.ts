import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientOf } from '../client/index.ts';
import type { SessionService } from './service.ts';

/** How late an answer may carry a token that nobody asked for. */
const PROMPT = 1000;

/** What the answer to one request says in `Set-Cookie`. */
export class AnswerCookie {
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #value: string | undefined;
  /** Until when it may be sent. */
  #until = Number.POSITIVE_INFINITY;

  constructor(service: SessionService, req: IncomingMessage, res: ServerResponse) {
    this.#service = service;
    this.#req = req;
    this.#res = res;
  }

  get isSet(): boolean {
    return this.#value !== undefined;
  }

  /** @throws Error where the head is out */
  requireHead(): void {
    if (!this.#res.headersSent) return;
    throw new Error('the response has begun: its cookie cannot be changed any more');
  }

  /** False once the head is out, and where a Secure cookie would be lost: why, is said once. */
  canBeSet(): boolean {
    if (this.#res.headersSent) return false;
    if (!this.#service.cookie.secure || clientOf(this.#req).protocol === 'https') return true;
    this.#service.sayPlain(this.#req);
    return false;
  }

  set(token: string, maxAge: number | null): void {
    this.#value = this.#service.cookie.write(token, maxAge ?? undefined);
    this.#until = Number.POSITIVE_INFINITY;
  }

  /**
   * The same for a token that is sent by the way. An answer that comes late does without it: meanwhile the browser may have
   * been given a better one, at a login for example, and this one would take its place.
   */
  offer(token: string, maxAge: number | null): void {
    this.set(token, maxAge);
    this.#until = performance.now() + PROMPT;
  }

  clear(): void {
    this.#value = this.#service.cookie.clear();
    this.#until = Number.POSITIVE_INFINITY;
  }

  forget(): void {
    this.#value = undefined;
  }

  /**
   * Sets it, and lets no shared cache have what is one user's.
   *
   * @param isRead - whether something looked at the session
   * @param clearsOld - a line that ends another cookie
   * @see ASVS 5.0 14.3.2, CWE-525
   */
  writeTo(res: ServerResponse, isRead: boolean, clearsOld: string | undefined): void {
    const own = performance.now() <= this.#until ? this.#value : undefined;
    const lines = [own, clearsOld].filter((line) => line !== undefined);
    for (const line of lines) res.appendHeader('Set-Cookie', line);
    const given = String(res.getHeader('cache-control') ?? '');
    const isShared = lines.length > 0 && !/(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i.test(given);
    if (isShared || (given === '' && (isRead || this.isSet))) res.setHeader('Cache-Control', 'private, no-store');
  }
}
