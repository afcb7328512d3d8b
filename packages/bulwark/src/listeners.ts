import type { Services } from './context.ts';
import type { EventLevel } from './events.ts';
import type { MessageClasses } from './express/messages.ts';
import type { Gate, GateListening, GateListenOptions } from './gate.ts';
import { openListener } from './listen.ts';
import type { ResolvedPolicy } from './policy.ts';

/** The servers that a gate has opened, from the first to the last. */
export class Listeners {
  readonly #handler: Gate['handler'];
  readonly #messages: MessageClasses;
  readonly #policy: ResolvedPolicy;
  readonly #services: Services;
  readonly #open = new Set<GateListening>();

  constructor(handler: Gate['handler'], messages: MessageClasses, policy: ResolvedPolicy, services: Services) {
    this.#handler = handler;
    this.#messages = messages;
    this.#policy = policy;
    this.#services = services;
  }

  get first(): GateListening | undefined {
    return [...this.#open][0];
  }

  /** @param closed - called after a server was closed by its own `close()` */
  async open(options: GateListenOptions, closed: () => Promise<void>): Promise<GateListening> {
    const listening = await openListener(this.#handler, this.#messages, this.#policy, this.#services, options);
    this.#open.add(listening);
    this.#say('sys_startup', 'INFO', `listening on ${listening.url}`);
    const close = async (): Promise<void> => {
      if (!this.#open.delete(listening)) return;
      await listening.close();
      this.#say('sys_shutdown', 'INFO', `closed ${listening.url}`);
      await closed();
    };
    return { ...listening, close };
  }

  /** Closes them all; `end` ends what works for requests, once there are none. */
  async close(end: () => Promise<void>): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    await Promise.all(open.map((listening) => listening.close()));
    await end();
    if (open.length > 0) this.#say('sys_shutdown', 'INFO', 'closed');
  }

  #say(event: 'sys_startup' | 'sys_shutdown', level: EventLevel, description: string): void {
    this.#services.emit({ event, level, description, practice: 'https' });
  }
}
