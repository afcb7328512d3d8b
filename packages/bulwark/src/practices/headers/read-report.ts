/** One violation as a browser told it, with everything left out that could be a secret or an attack on the log. */
export interface Violation {
  /** `csp-violation`, `coep`, `coop`, `permissions-policy-violation`, … */
  readonly kind: string;
  /** The directive, policy or feature that was violated. */
  readonly directive: string;
  /** The origin of what was blocked, or a keyword: `inline`, `eval`, `data`. */
  readonly blocked: string;
  /** Path of the page, without query. */
  readonly document: string;
  /** `enforce` or `report`. */
  readonly disposition: string;
}

/** A violation together with the origin of the page that it is about. */
export interface ReadViolation extends Violation {
  readonly origin: string;
}

const MAX_TEXT = 200;
/** Kinds of the Reporting API that are violations of a policy; others (deprecation, crash, …) are of no concern here. */
const KINDS: ReadonlySet<string> = new Set([
  'csp-violation',
  'coep',
  'coop',
  'permissions-policy-violation',
  'document-policy-violation',
  'integrity-violation',
]);

/**
 * Reads the violations of one request: `{"csp-report": {…}}` of `report-uri`, or the list of the Reporting API.
 *
 * @returns undefined where the body is neither
 * @see https://www.w3.org/TR/CSP3/#deprecated-serialize-violation and https://www.w3.org/TR/reporting-1/
 */
export function readReports(body: unknown): readonly ReadViolation[] | undefined {
  if (Array.isArray(body)) {
    return body.every(isRecord) ? body.flatMap((report) => readModern(report)) : undefined;
  }
  if (!isRecord(body)) return undefined;
  const legacy = body['csp-report'];
  if (isRecord(legacy)) return readLegacy(legacy);
  return typeof body.type === 'string' ? readModern(body) : undefined;
}

function readLegacy(report: Record<string, unknown>): ReadViolation[] {
  const directive = text(report['effective-directive'] ?? report['violated-directive']).split(' ')[0] ?? '';
  return violation('csp-violation', report['document-uri'], directive, report['blocked-uri'], report.disposition);
}

function readModern(report: Record<string, unknown>): ReadViolation[] {
  const { type, body } = report;
  if (typeof type !== 'string' || !KINDS.has(type) || !isRecord(body)) return [];
  const directive = text(
    body.effectiveDirective ?? body.featureId ?? body.policyId ?? body.effectivePolicy ?? body.type,
  );
  return violation(type, body.documentURL ?? report.url, directive, body.blockedURL, body.disposition);
}

function violation(
  kind: string,
  page: unknown,
  directive: string,
  blocked: unknown,
  disposition: unknown,
): ReadViolation[] {
  const url = typeof page === 'string' && URL.canParse(page) ? new URL(page) : undefined;
  if (url === undefined || directive === '') return [];
  return [
    {
      kind,
      directive,
      blocked: blockedOrigin(blocked),
      document: clean(url.pathname),
      disposition: disposition === 'report' || disposition === 'reporting' ? 'report' : 'enforce',
      origin: url.origin,
    },
  ];
}

/** Paths and queries of blocked addresses may hold tokens, and their number has no bound: the origin is enough. */
function blockedOrigin(value: unknown): string {
  if (typeof value !== 'string' || value === '') return 'unknown';
  if (!URL.canParse(value)) return clean(value.split(/[?#]/, 1)[0] ?? '');
  const url = new URL(value);
  return clean(url.origin === 'null' ? url.protocol.slice(0, -1) : url.origin);
}

function text(value: unknown): string {
  return typeof value === 'string' ? clean(value) : '';
}

/** Control characters, line separators and bidirectional marks forge lines in logs and terminals (CWE-117, CWE-150). */
function clean(value: string): string {
  return value.slice(0, MAX_TEXT).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
