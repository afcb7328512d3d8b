import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MaybePromise } from '../../stores/record-store.ts';
import { SessionHandle } from './handle.ts';
import type { Keeper } from './hold-response.ts';
import type { SessionManager } from './manager.ts';
import type { SessionService } from './service.ts';

/**
 * A request on its way through an app with sessions. Most visitors have none, and most of what they ask for needs none:
 * their handle is made when somebody asks for it.
 */
export class Visit implements Keeper {
  readonly manager: SessionManager;
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #handle: SessionHandle | undefined;

  constructor(service: SessionService, manager: SessionManager, req: IncomingMessage, res: ServerResponse) {
    this.manager = manager;
    this.#service = service;
    this.#req = req;
    this.#res = res;
    this.#handle = service.mayHaveSession(req) ? new SessionHandle(service, req, res) : undefined;
  }

  /** The session, where the request names one or somebody has asked for it. */
  get asked(): SessionHandle | undefined {
    return this.#handle;
  }

  get handle(): SessionHandle {
    this.#handle ??= new SessionHandle(this.#service, this.#req, this.#res);
    return this.#handle;
  }

  commit(): MaybePromise<void> {
    return this.#handle?.commit();
  }

  refuse(error: unknown): void {
    this.handle.refuse(error);
  }
}
