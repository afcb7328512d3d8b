import { createServer as createPlainServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { parseDuration } from '../../units.ts';
import { coversName, type Pair } from './certificate.ts';
import { openCertificate, type Source } from './certificate-source.ts';
import { watchCertificate } from './certificate-watch.ts';
import { refuseClient, tellOfRefusals } from './client-error.ts';
import { attach, type Drain, type RequestListener } from './drain.ts';
import { hostnameOf, isLoopback } from './local-names.ts';
import { FIELDS, type HttpsOptions, type ResolvedHttps, resolveHttps } from './options.ts';
import { tlsSettings } from './tls-settings.ts';

/** Where and how to listen: the practice's own settings, and these. */
export interface ListenOptions extends HttpsOptions {
  /** TCP port; 0 takes a free one. Default 8443, without TLS 8080. */
  readonly port?: number;
  /** Address to bind. Default: all addresses in production, 127.0.0.1 elsewhere. */
  readonly host?: string;
  /** A second port that speaks plain HTTP, where pages are redirected and all else is refused. Default false. */
  readonly http?: number | false;
  /** A declared proxy ends TLS: listen for plain HTTP behind it, unless a certificate is named. Default false. */
  readonly terminated?: boolean;
  /** Limits on headers, time and connections. The TLS settings are not in reach. */
  readonly serverOptions?: ServerLimits;
}

/** Options for `createServer` of node:http, and the limits that node takes as properties of the server only. */
export type ServerLimits = ServerOptions & { readonly [P in (typeof PROPERTIES)[number]]?: number };

const PROPERTIES = ['maxConnections', 'maxRequestsPerSocket', 'timeout'] as const;

/** A server that listens. */
export interface Listening {
  /** As it is opened in a browser, under a name that the certificate has; without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Of the second, plain server. */
  readonly httpUrl?: string;
  /** node:https, or node:http where a proxy ends TLS. */
  readonly server: Server;
  /** The second, plain server. */
  readonly httpServer?: Server;
  /** Where a local CA made the certificate: its own, PEM file, and how to trust it. */
  readonly local?: { readonly ca: string; readonly trust: string; readonly created: boolean };
  /**
   * Stops accepting, finishes requests in flight, cuts off what is left after `grace`. Calling it again returns the
   * same promise.
   */
  close(): Promise<void>;
}

const OWN = {
  port: z.int().min(0).max(65_535),
  host: z.string().min(1),
  http: z.union([z.literal(false), z.int().min(0).max(65_535)]),
  terminated: z.boolean(),
  serverOptions: z.record(z.string(), z.unknown()),
};
const schema = z.strictObject({ ...FIELDS, ...OWN }).partial();

/**
 * Starts the server: TLS 1.2 and 1.3 with a certificate from files, or from a CA of this machine in development;
 * plain HTTP only where a proxy in front was declared, or outside production where all origins are http://.
 *
 * @param listener - what answers: the app with its gate
 * @throws ConfigError (as a rejection) `ERR_CONFIG_CERTIFICATE` if there is none that can serve, `ERR_LISTEN` if the
 *   port cannot be had, `ERR_CONFIG_…` for settings
 * @see ASVS 12.1.1, 12.2.1
 * @example
 * const { url, close } = await listen(app, { origins: ['https://shop.example'], cert: 'tls.crt', key: 'tls.key' }, services)
 */
export async function listen(
  listener: RequestListener,
  options: ListenOptions,
  services: Services,
): Promise<Listening> {
  const given = resolveOptions<ListenOptions>(schema, {}, options, 'https');
  const { port, host: asked, http, terminated, serverOptions, ...own } = given;
  const settings = resolveHttps(own);
  const grace = parseDuration(settings.grace, 'https.grace');
  const source = await openCertificate(settings, terminated === true, services);
  const host = asked ?? (services.mode === 'production' ? undefined : '127.0.0.1');

  const main = start(source, serverOptions ?? {}, listener, services);
  await bind(main.server, port ?? (source === undefined ? 8080 : 8443), host, 'port');
  const plain = await startPlain(http, host, serverOptions ?? {}, listener, main.server, services);
  const watch = source && watchCertificate({ ...watching(source, main.server), origins: settings.origins, services });

  const urlOf = (server: Server, scheme: 'http' | 'https'): string =>
    new URL(`${scheme}://${bracketed(nameFor(host, settings, source?.pair))}:${portOf(server)}`).origin;
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(main.server, source === undefined ? 'http' : 'https'),
    port: portOf(main.server),
    server: main.server,
    ...(plain === undefined ? {} : { httpUrl: urlOf(plain.server, 'http'), httpServer: plain.server }),
    ...(source?.local === undefined ? {} : { local: source.local }),
    close() {
      watch?.close();
      closing ??= Promise.all([main.drain.close(grace), plain?.drain.close(grace)]).then(() => undefined);
      return closing;
    },
  };
}

interface Started {
  readonly server: Server;
  readonly drain: Drain;
}

/** Handshakes get as long as headers do in a strict server; node's own two minutes invite slow attacks. */
const HANDSHAKE_TIMEOUT = 10_000;

function start(
  source: Source | undefined,
  serverOptions: ServerLimits,
  listener: RequestListener,
  services: Services,
): Started {
  const server =
    source === undefined
      ? createPlainServer(serverOptions)
      : createTlsServer({
          handshakeTimeout: HANDSHAKE_TIMEOUT,
          ...serverOptions,
          ...tlsSettings(),
          // Express answers HTTP/1.1 only; a client that offers h2 alone must learn so in the handshake.
          ALPNProtocols: ['http/1.1'],
          cert: source.pair.cert,
          key: source.pair.key,
        });
  for (const property of PROPERTIES) {
    const limit = serverOptions[property];
    if (limit !== undefined) server[property] = limit;
  }
  const drain = attach(server, listener);
  server.on('clientError', refuseClient(drain, services.onUnread));
  tellOfRefusals(server, services);
  return { server, drain };
}

async function startPlain(
  port: number | false | undefined,
  host: string | undefined,
  serverOptions: ServerLimits,
  listener: RequestListener,
  main: Server,
  services: Services,
): Promise<Started | undefined> {
  if (port === undefined || port === false) return undefined;
  const plain = start(undefined, serverOptions, listener, services);
  try {
    await bind(plain.server, port, host, 'http');
  } catch (error) {
    await new Promise((resolve) => main.close(resolve));
    throw error;
  }
  return plain;
}

function watching(
  source: Source,
  server: Server,
): Pick<Parameters<typeof watchCertificate>[0], 'files' | 'current' | 'swap'> {
  const secure = server as unknown as { setSecureContext(options: object): void };
  return {
    files: source.files,
    current: source.pair,
    // All settings again: setSecureContext starts from node's defaults, and would bring CBC suites back.
    swap: ({ cert, key }) => secure.setSecureContext({ ...tlsSettings(), cert, key }),
  };
}

function bind(server: Server, port: number, host: string | undefined, field: 'port' | 'http'): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(listenError(error, port, host, field));
    server.once('error', fail);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function listenError(cause: NodeJS.ErrnoException, port: number, host: string | undefined, field: string): ConfigError {
  const where = host === undefined ? `port ${port}` : `port ${port} of ${host}`;
  const [message, fix] = (
    {
      EADDRINUSE: [`${where} is taken by another process`, `end that process, or choose another ${field}`],
      EACCES: [
        `this user may not listen on ${where}`,
        'choose a port from 1024 on and have the proxy or the firewall forward to it, or grant CAP_NET_BIND_SERVICE',
      ],
      EADDRNOTAVAIL: [`${host} is no address of this machine`, 'name one of its addresses, or leave host out'],
      EAFNOSUPPORT: [`this machine has no IPv6, and ${host} is of it`, "set host to '0.0.0.0', or leave it out"],
      ENOTFOUND: [`${host} is no known host name`, 'name an address of this machine, or leave host out'],
    } as Record<string, [string, string]>
  )[cause.code ?? ''] ?? [`cannot listen on ${where}: ${cause.code ?? cause.message}`, `check ${field} and host`];
  return new ConfigError('ERR_LISTEN', { field: `listen.${field}`, message, fix, cause });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

const ANY = new Set([undefined, '', '0.0.0.0', '::']);

/** The name to open in a browser: one of the certificate's, or there would be a warning. */
function nameFor(host: string | undefined, settings: ResolvedHttps, pair: Pair | undefined): string {
  const near = host === undefined || ANY.has(host) || isLoopback(host) ? 'localhost' : host;
  if (pair === undefined || coversName(pair.leaf, near)) return near;
  const known = settings.origins.map(hostnameOf).find((name) => coversName(pair.leaf, name));
  return known ?? near;
}

function bracketed(name: string): string {
  return name.includes(':') ? `[${name}]` : name;
}
