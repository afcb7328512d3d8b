import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Next } from '../../context.ts';
import type { Refusal } from '../../errors.ts';
import { Roster } from '../../roster.ts';
import type { Priority } from './decisions.ts';

/** A request that is being worked on: entered, and its response not over. */
export interface InFlight {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Where an error goes that is found beside the request's way, where no gate stands around it. */
  readonly next: Next;
  readonly client: string;
  /** When it came to the gate, on the clock of `performance.now`. */
  readonly began: number;
  /** When the head of the answer must have been sent. */
  deadline: number;
  /** It was answered with 503 in place of its handler, whose work counts for nothing any more. */
  timedOut: boolean;
  readonly board: FlightBoard;
  /** What keeps a request from going on under the pressure of this moment, if it has this priority. */
  readonly shed: (req: IncomingMessage, res: ServerResponse, priority: Priority) => Refusal | undefined;
}

/** All requests in flight, by client and by deadline. */
export interface FlightBoard {
  /** Takes a request in; it leaves by itself when its response is over or its connection is gone. */
  enter(entry: InFlight): void;
  /** How many requests of a client are in flight. */
  count(client: string): number;
  /** Gives a request another time, in milliseconds from its beginning. */
  giveTime(entry: InFlight, time: number): void;
  /** For tests: how many requests and clients are remembered. */
  size(): { readonly requests: number; readonly clients: number };
}

const ENTRY: unique symbol = Symbol('bulwark.in-flight');

type Entered = ServerResponse & { [ENTRY]?: InFlight };

/** The longest time between two looks at the deadlines, in milliseconds. */
const LONGEST_LOOK = 1000;
const SHORTEST_LOOK = 10;

/**
 * Makes the board. Its one interval looks at all deadlines, runs only while there are requests, and keeps no process
 * alive. A place on it costs what a timer for each request would, and the counts by client are in that.
 *
 * @param time - the usual time of a request, in milliseconds
 * @param late - called for a request whose deadline has passed without a head
 */
export function flightBoard(time: number, late: (entry: InFlight) => void): FlightBoard {
  const clients = new Map<string, number>();
  const requests = new Roster<InFlight>();
  const queued = new WeakMap<Socket, Set<InFlight>>();
  let timer: NodeJS.Timeout | undefined;
  let pace = lookEvery(time);

  function look(): void {
    if (requests.size === 0) return stop();
    const now = performance.now();
    for (const entry of requests) {
      if (entry.deadline > now || entry.timedOut) continue;
      entry.deadline = Number.POSITIVE_INFINITY;
      if (!entry.res.headersSent) late(entry);
    }
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function leave(entry: InFlight): void {
    if (!requests.delete(entry)) return;
    const left = (clients.get(entry.client) ?? 1) - 1;
    if (left > 0) clients.set(entry.client, left);
    else clients.delete(entry.client);
  }

  /** One for all responses: a listener of its own, with the wrapper that `once` makes, is what each would cost most. */
  function leaveWithResponse(this: Entered): void {
    if (this[ENTRY] !== undefined) leave(this[ENTRY]);
  }

  /** Node 22 forgets to close a pipelined response that was still waiting for its turn when the connection went. */
  function leaveWithSocket(socket: Socket, entry: InFlight): () => void {
    let waiting = queued.get(socket);
    if (waiting === undefined) {
      const all = new Set<InFlight>();
      waiting = all;
      queued.set(socket, all);
      socket.once('close', () => {
        for (const each of all) leave(each);
      });
    }
    waiting.add(entry);
    return () => void waiting.delete(entry);
  }

  return {
    enter(entry) {
      requests.add(entry);
      clients.set(entry.client, (clients.get(entry.client) ?? 0) + 1);
      timer ??= setInterval(look, pace).unref();
      const { req } = entry;
      const res: Entered = entry.res;
      res[ENTRY] = entry;
      res.on('close', leaveWithResponse);
      if (res.socket === null && (req.socket as Socket | undefined)) {
        res.once('close', leaveWithSocket(req.socket, entry));
      }
    },
    count: (client) => clients.get(client) ?? 0,
    giveTime(entry, wanted) {
      entry.deadline = entry.began + wanted;
      keepSocketOpen(entry.req, wanted);
      if (lookEvery(wanted) >= pace) return;
      pace = lookEvery(wanted);
      stop();
      timer = setInterval(look, pace).unref();
    },
    size: () => ({ requests: requests.size, clients: clients.size }),
  };
}

/** A tenth of the time is near enough. */
function lookEvery(time: number): number {
  return Math.min(LONGEST_LOOK, Math.max(SHORTEST_LOOK, Math.ceil(time / 10)));
}

/** While a handler works the connection is silent; a time-out of silence below its time would end both. Node sets it anew for the next request. */
function keepSocketOpen({ socket }: IncomingMessage, time: number): void {
  const timeout = (socket as Socket | undefined)?.timeout;
  if (timeout !== undefined && timeout > 0 && timeout <= time) socket.setTimeout(time + LONGEST_LOOK);
}
