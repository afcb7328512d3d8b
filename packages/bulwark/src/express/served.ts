import { subscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';

const servers = new WeakSet<Server>();
const listeners = new WeakSet<object>();

// `secure()` must refuse an app that has answered requests already; the app itself keeps no trace of them.
subscribe('http.server.request.start', (message) => {
  const { server } = message as { server: Server };
  if (servers.has(server)) return;
  servers.add(server);
  for (const listener of server.listeners('request')) listeners.add(listener);
});

/** Whether a server has handed a request to this app since Bulwark was loaded. */
export function hasServed(app: object): boolean {
  return listeners.has(app);
}
