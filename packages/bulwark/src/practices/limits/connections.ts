import type { Socket } from 'node:net';
import { type Coalescer, coalesce } from '../../coalesce.ts';
import type { Emit } from '../../events.ts';
import { ipPrefix, socketAddress } from '../client/address.ts';
import type { ResolvedLimitsOptions } from './options.ts';

/** Bits of an IPv6 address that make one client, as in `rate-limit`: what a provider gives to one household. */
export const CLIENT_IPV6_BITS = 56;

/** The part of a server that is needed. */
interface Connecting {
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
  on(event: 'drop', listener: (data?: { readonly remoteAddress?: string }) => void): unknown;
}

/** What stands at a server, and limits the connections of each client to it. */
interface Guard {
  max: number;
  /** Open connections by client; holds no client without one. */
  readonly open: ReadonlyMap<string, number>;
}

const guards = new WeakMap<object, Guard>();

/**
 * Closes connections of a client that has too many, and tells of them and of those that `maxConnections` closes: at most
 * one event a second and kind, with their number. CWE-770, ASVS 15.2.2.
 *
 * What a declared proxy opens is not counted: all its connections are those of many clients. A server that has a guard
 * already keeps it, and the stricter of the two limits.
 *
 * @param reportOnly - tells of them and closes none
 * @returns the guard, or undefined for a server that tells of no connections
 */
export function guardConnections(
  server: object,
  limits: ResolvedLimitsOptions,
  emit: Emit,
  reportOnly = false,
): Guard | undefined {
  const known = guards.get(server);
  if (known !== undefined) {
    known.max = Math.min(known.max, limits.maxConnectionsPerClient);
    return known;
  }
  if (!tellsOfConnections(server)) return undefined;
  const { proxy } = limits;
  const open = new Map<string, number>();
  const guard: Guard = { max: limits.maxConnectionsPerClient, open };
  const drops = coalesce(emit);
  guards.set(server, guard);

  // After node's own listener: a connection that is closed before it sees it leaves things half made.
  server.on('connection', (socket) => {
    const address = socketAddress(socket);
    if (proxy.trusts(address, 0)) return;
    const client = ipPrefix(address, CLIENT_IPV6_BITS);
    const count = open.get(client) ?? 0;
    if (count >= guard.max) {
      tellOfDrop(
        drops,
        address,
        'one client has maxConnectionsPerClient connections open: more are closed',
        reportOnly,
      );
      if (!reportOnly) return void socket.destroy();
    }
    open.set(client, count + 1);
    socket.once('close', () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left > 0) open.set(client, left);
      else open.delete(client);
    });
  });
  server.on('drop', (data) =>
    tellOfDrop(drops, data?.remoteAddress, 'maxConnections connections are open: more are closed', false),
  );
  return guard;
}

function tellsOfConnections(server: object): server is Connecting {
  return typeof (server as Partial<Connecting>).on === 'function';
}

/** For the checks: how many connections one client may have to a server; undefined where nobody counts them. */
export function connectionsPerClient(server: object): number | undefined {
  return guards.get(server)?.max;
}

function tellOfDrop(drops: Coalescer, address: string | undefined, description: string, monitored: boolean): void {
  drops.add({
    event: 'excess_connections',
    level: 'WARN',
    practice: 'limits',
    description,
    ...(monitored ? { monitored } : {}),
    ...(address === undefined ? {} : { sourceIp: address }),
  });
}
