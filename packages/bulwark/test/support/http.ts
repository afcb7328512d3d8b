import type { Server } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express5 from 'express';
import express4 from 'express4';

/** Express 4 and 5, for `describe.each(EXPRESS)('on Express %s', (_, express) => …)`. */
export const EXPRESS = [
  ['4', express4 as unknown as typeof express5],
  ['5', express5],
] as const;

const load = createRequire(import.meta.url) as (name: string) => Express;

/** The same and the oldest version of each that is supported, for what touches Express's inside. */
export const EXPRESS_ALL = [
  ...EXPRESS,
  ['4.21.0', load('express4-oldest')],
  ['5.0.0', load('express5-oldest')],
] as const;

/** Anything that node's server calls for a request. */
export type Listener = (req: http.IncomingMessage, res: http.ServerResponse) => void;

/** A server on a free loopback port. */
export interface Served {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}

/** Serves a request listener (an Express app is one) on a free port of 127.0.0.1. */
export async function serve(listener: unknown): Promise<Served> {
  const server = http.createServer(listener as Listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, server, close: () => closeServer(server) };
}

/** Closes a server and its idle and active connections. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) =>
      error && (error as NodeJS.ErrnoException).code !== 'ERR_SERVER_NOT_RUNNING' ? reject(error) : resolve(),
    );
    server.closeAllConnections();
  });
}

/** What a test sends; header names go out as written, `host` too. */
export interface Sent {
  readonly method?: string;
  /** The request target as written on the wire; default: the URL's path. */
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** The client's address: any of 127.0.0.0/8. */
  readonly from?: string;
  /** A certificate authority to trust, PEM. */
  readonly ca?: string;
  readonly servername?: string;
}

/** What came back. */
export interface Received {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: string;
  json<T = Record<string, unknown>>(): T;
}

/** Sends one request on a connection of its own and reads the whole answer. Never follows redirects, never decodes. */
export function send(url: string, sent: Sent = {}): Promise<Received> {
  const target = new URL(url);
  const client = target.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(
      {
        host: target.hostname.replace(/^\[|\]$/g, ''),
        port: target.port,
        path: sent.target ?? target.pathname + target.search,
        method: sent.method ?? 'GET',
        headers: { ...sent.headers },
        agent: false,
        timeout: 10_000,
        ...(sent.from === undefined ? {} : { localAddress: sent.from }),
        ...(sent.ca === undefined ? {} : { ca: sent.ca }),
        ...(sent.servername === undefined ? {} : { servername: sent.servername }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body,
            json: <T>() => JSON.parse(body) as T,
          });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url} within 10 s`)));
    request.on('error', reject);
    request.end(sent.body);
  });
}

/** `express` as imported: either major version. */
export type Express = typeof express5;
