import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from '../../errors.ts';
import { clientOf } from '../client/index.ts';
import type { SessionService } from './service.ts';

/** How late an answer may carry a token that nobody asked for. */
const PROMPT = 1000;

const PLAIN =
  'the session cookie is Secure, and this request came over plain HTTP: nobody can be logged in. If a proxy in front ends ' +
  "TLS, declare it (policy.proxy: 'nginx' or { hops: 1 }); else serve over https, or write an http:// origin in development";

/** What the answer to one request says in `Set-Cookie`. */
export class AnswerCookie {
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #value: string | undefined;
  #also: string | undefined;
  /** Until when it may be sent. */
  #until = Number.POSITIVE_INFINITY;

  constructor(service: SessionService, req: IncomingMessage, res: ServerResponse) {
    this.#service = service;
    this.#req = req;
    this.#res = res;
  }

  /** Says one more thing of a cookie: of that which another package had. */
  add(line: string): void {
    this.#also = line;
  }

  /**
   * For what is worth nothing without its cookie: whoever logs in must not be told that he has where no cookie can be set.
   *
   * @throws Error where the head is out; Refusal `ERR_HTTPS_REQUIRED` where a Secure cookie would be lost
   */
  require(): void {
    if (this.#res.headersSent) throw new Error('the response has begun: its cookie cannot be changed any more');
    if (!this.canBeSet()) throw new Refusal('ERR_HTTPS_REQUIRED', { reason: PLAIN });
  }

  get isSet(): boolean {
    return this.#value !== undefined;
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
   * Before the head: the cookie, if there is anything to say, and no shared cache for what is one user's.
   *
   * @see ASVS 5.0 14.3.2, CWE-525
   */
  writeTo(res: ServerResponse, isRead: boolean): void {
    if (this.#also !== undefined) res.appendHeader('Set-Cookie', this.#also);
    const isSent = this.#value !== undefined && performance.now() <= this.#until;
    if (isSent && this.#value !== undefined) res.appendHeader('Set-Cookie', this.#value);
    else if (!isRead) return;
    const given = String(res.getHeader('cache-control') ?? '');
    const isShared = isSent && !/(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i.test(given);
    if (given === '' || isShared) res.setHeader('Cache-Control', 'private, no-store');
  }
}
