import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { ALONE, contextOf, type Handler, type Next, type Services } from '../../context.ts';
import { resolveOptions } from '../../options.ts';
import { parseOrigin } from '../../origins.ts';
import { type ByteSize, type Duration, parseByteSize, parseDuration } from '../../units.ts';
import { clientOf } from '../client/index.ts';
import { REPORTS_PATH } from './options.ts';
import { type ReadViolation, readReports, type Violation } from './read-report.ts';
import { readSmallBody } from './small-body.ts';

/** Options of {@link collectReports}. */
export interface ReportOptions {
  /** Where browsers send reports. Default `/.well-known/bulwark/reports`: what `headers()` tells them. */
  readonly path?: string | undefined;
  /** This app's origins. Reports about other pages are dropped. Default: the host that the request was sent to. */
  readonly origins?: readonly string[] | undefined;
  /** Distinct violations that are kept. Default 500. */
  readonly max?: number | undefined;
  /** After this time a violation counts as new. Default `'1h'`. */
  readonly window?: Duration | undefined;
  /** Size of one request. Default `'16kb'`. */
  readonly bodyLimit?: ByteSize | undefined;
}

/** A violation, and how often it was told in its window. */
export interface Report extends Violation {
  readonly count: number;
  /** ISO 8601, UTC. */
  readonly firstSeen: string;
  /** ISO 8601, UTC. */
  readonly lastSeen: string;
}

/** The collector: a middleware for its path; everything else goes on. */
export interface ReportCollector extends Handler {
  /** What was told, newest last. */
  reports(): readonly Report[];
}

const schema: z.ZodType = z.strictObject({
  path: z
    .string()
    .regex(/^\/(?!\/)[\w./~-]+$/, 'must be a path: "/reports"')
    .optional(),
  origins: z.array(z.string()).optional(),
  max: z.int().min(1).max(100_000).optional(),
  window: z.union([z.number(), z.string()]).optional(),
  bodyLimit: z.union([z.number(), z.string()]).optional(),
});

const DEFAULTS = {
  path: REPORTS_PATH,
  origins: undefined as readonly string[] | undefined,
  max: 500,
  window: '1h' as Duration,
  bodyLimit: '16kb' as ByteSize,
};

const TYPES: ReadonlySet<string> = new Set(['application/csp-report', 'application/reports+json', 'application/json']);

/**
 * Receives what browsers report of violated policies (ASVS 3.4.7): `report-uri` and the Reporting API.
 *
 * Anyone can send reports, so they are taken as hints: the body is bounded, the store is bounded, queries and paths of
 * what was blocked are dropped, and each distinct violation makes one `csp_violation` event per window.
 * It answers 204; 400 to what is no report, 413 and 415 to what it does not read.
 *
 * @throws ConfigError at construction
 * @see https://www.w3.org/TR/CSP3/#report-violation https://www.w3.org/TR/reporting-1/ CWE-400, CWE-117
 * @example
 * const collector = collectReports()
 * app.use(collector)
 * app.get('/admin/violations', (req, res) => { res.json(collector.reports()) })
 */
export function collectReports(options: ReportOptions = {}, services: Services = ALONE): ReportCollector {
  const { path, origins, max, window, bodyLimit } = resolveOptions(schema, DEFAULTS, options, 'headers.collectReports');
  const own =
    origins && new Set(origins.map((origin, i) => parseOrigin(origin, `headers.collectReports.origins[${i}]`)));
  const limit = parseByteSize(bodyLimit, 'headers.collectReports.bodyLimit');
  const store = new ReportStore(max, parseDuration(window, 'headers.collectReports.window'));

  const collect = function reportCollector(req: IncomingMessage, res: ServerResponse, next: Next): void {
    if (req.method !== 'POST' || pathOf(req) !== path) return next();
    const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const encoding = req.headers['content-encoding'] ?? 'identity';
    if (!TYPES.has(type) || encoding.toLowerCase() !== 'identity') return answer(req, res, 415);
    withBody(req, limit, (body) => {
      if (body === 'aborted') return;
      if (body === 'too-large') return answer(req, res, 413);
      const violations = readReports(body.value);
      if (violations === undefined) return answer(req, res, 400);
      for (const violation of violations) {
        if (own?.has(violation.origin) ?? violation.origin === clientOf(req).origin) report(violation, req);
      }
      answer(req, res, 204);
    });
  };

  const report = ({ origin: _, ...violation }: ReadViolation, req: IncomingMessage): void => {
    const outcome = store.add(violation);
    if (outcome === 'known') return;
    const { requestId, client } = contextOf(req);
    const flooded = outcome === 'flooded';
    services.emit({
      event: 'csp_violation',
      level: 'WARN',
      practice: 'headers',
      description: flooded
        ? `more than ${max} distinct violations were reported; further ones are dropped until the window ends`
        : `a browser reports a violation of ${violation.directive} (${violation.kind})`,
      ...(requestId === undefined ? {} : { requestId }),
      ...(client === undefined ? {} : { sourceIp: client.ip }),
      ...(flooded ? {} : { path: violation.document, details: { ...violation } }),
    });
  };

  return Object.assign(collect, { reports: () => store.list() });
}

/** Distinct violations of a window, no more than `max`. */
class ReportStore {
  readonly #max: number;
  readonly #window: number;
  readonly #reports = new Map<string, { violation: Violation; count: number; first: number; last: number }>();
  #floodedAt: number | undefined;

  constructor(max: number, window: number) {
    this.#max = max;
    this.#window = window;
  }

  add(violation: Violation): 'new' | 'known' | 'flooded' {
    const now = Date.now();
    const key = JSON.stringify([violation.kind, violation.directive, violation.blocked, violation.document]);
    const known = this.#reports.get(key);
    if (known !== undefined && now - known.first < this.#window) {
      known.count++;
      known.last = now;
      return 'known';
    }
    if (known !== undefined) this.#reports.delete(key);
    if (this.#reports.size >= this.#max) this.#dropOld(now);
    if (this.#reports.size >= this.#max) {
      // Dropping the new rather than the old: a flood of made-up reports must not wash out those that were there.
      if (this.#floodedAt !== undefined && now - this.#floodedAt < this.#window) return 'known';
      this.#floodedAt = now;
      return 'flooded';
    }
    this.#reports.set(key, { violation, count: 1, first: now, last: now });
    return 'new';
  }

  list(): Report[] {
    this.#dropOld(Date.now());
    return [...this.#reports.values()].map(({ violation, count, first, last }) => ({
      ...violation,
      count,
      firstSeen: new Date(first).toISOString(),
      lastSeen: new Date(last).toISOString(),
    }));
  }

  /** The map is in the order of first sight, so the old ones stand at its front. */
  #dropOld(now: number): void {
    for (const [key, { first }] of this.#reports) {
      if (now - first < this.#window) return;
      this.#reports.delete(key);
    }
  }
}

type Body = { readonly value: unknown } | 'too-large' | 'aborted';

function withBody(req: IncomingMessage, limit: number, done: (body: Body) => void): void {
  // A parser that stands before the collector has read the bytes; what it made of them is all that is left.
  if (req.readableEnded) return done({ value: (req as IncomingMessage & { body?: unknown }).body });
  readSmallBody(req, limit, (body) => {
    if ('refused' in body) return done(body.refused);
    try {
      done({ value: JSON.parse(body.text) as unknown });
    } catch {
      done({ value: undefined });
    }
  });
}

function pathOf(req: IncomingMessage): string {
  const { originalUrl } = req as IncomingMessage & { originalUrl?: string };
  return (originalUrl ?? req.url ?? '').split('?', 1)[0] ?? '';
}

function answer(req: IncomingMessage, res: ServerResponse, status: number): void {
  if (res.headersSent) return;
  res.statusCode = status;
  // What was not read must not be taken for the next request on this connection.
  if (!req.complete) res.setHeader('Connection', 'close');
  if (status !== 204) res.setHeader('Content-Length', '0');
  res.end();
}
