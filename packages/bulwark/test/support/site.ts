import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { type Express } from 'express';
import { type Policy, type SecurityEvent, secure } from '../../src/index.ts';
import { localCertificate } from '../../src/practices/https/local-ca.ts';
import { serverOptions } from '../../src/practices/limits/index.ts';
import { closeServer, type Listener } from './http.ts';

/** An app at an origin of its own, over TLS with a certificate of a local CA. */
export interface Site {
  /** `https://localhost:<port>`, or `https://127.0.0.1:<port>`: to a browser these are two sites. */
  readonly origin: string;
  /** What the gate has emitted; empty without one. */
  readonly events: readonly SecurityEvent[];
  close(): Promise<void>;
}

/** Adds the routes of a test; `origin` is where the app is served. */
export type Mount = (app: Express, origin: string) => void;

/** Serves an app of Express 5 behind `secure()`, as in production, at localhost. */
export function securedSite(mount: Mount, policy: Partial<Policy> = {}): Promise<Site> {
  return serve('localhost', (app, origin, events) => {
    const gate = secure(app, { origins: [origin], mode: 'production', logging: { level: false }, ...policy });
    gate.on('*', (event) => events.push(event));
    mount(app, origin);
    return gate.handler;
  });
}

/** The same app without `secure()`: where what the browser refuses elsewhere works. */
export function bareSite(mount: Mount): Promise<Site> {
  return serve('localhost', (app, origin) => {
    mount(app, origin);
    return app;
  });
}

/** An unprotected app of somebody else, at 127.0.0.1. */
export function foreignSite(mount: Mount): Promise<Site> {
  return serve('127.0.0.1', (app, origin) => {
    mount(app, origin);
    return app;
  });
}

const directory = mkdtempSync(join(tmpdir(), 'bulwark-site-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

async function serve(
  hostname: string,
  build: (app: Express, origin: string, events: SecurityEvent[]) => unknown,
): Promise<Site> {
  const { files } = await localCertificate({ names: [], directory });
  let handler: Listener | undefined;
  // The app's policy names its origin, and so its port: the server is there first.
  const options = { ...serverOptions(), cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const server = createServer(options, (req, res) => handler?.(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `https://${hostname}:${(server.address() as AddressInfo).port}`;
  const events: SecurityEvent[] = [];
  handler = build(express(), origin, events) as Listener;
  return { origin, events, close: () => closeServer(server) };
}
