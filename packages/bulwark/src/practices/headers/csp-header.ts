import { type Head, type HeaderLines, headerLines } from '../../head.ts';
import type { DirectiveMap } from './csp.ts';
import type { DirectiveName } from './csp-directives.ts';

/** A policy, ready to be sent: what is left to do for a response is to pick a text, and to put its nonce into it. */
export interface CspHeader {
  readonly name: 'Content-Security-Policy' | 'Content-Security-Policy-Report-Only';
  readonly tls: CspTexts;
  readonly plain: CspTexts;
}

/** The texts of one policy: with and without a nonce, for pages and for data. */
interface CspTexts {
  readonly page: HeaderLines;
  readonly data: HeaderLines;
  /** The parts of the text around the nonce. */
  readonly noncedPage: readonly string[];
  readonly noncedData: readonly string[];
}

const NONCE = '\0';

/** Computes the texts of a policy once. */
export function compileCsp(directives: DirectiveMap, reportOnly: boolean, sandboxData: boolean): CspHeader {
  const name = reportOnly ? 'Content-Security-Policy-Report-Only' : 'Content-Security-Policy';
  return {
    name,
    tls: textsOf(name, directives, true, sandboxData && !reportOnly),
    // Over plain HTTP the directive would send the page's own files to a port where nobody may listen (localhost).
    plain: textsOf(name, directives, false, sandboxData && !reportOnly),
  };
}

/** Sets the policy of one response. */
export function setCsp(head: Head, header: CspHeader, tls: boolean, data: boolean, nonce: string | undefined): void {
  const texts = tls ? header.tls : header.plain;
  if (nonce === undefined) head.add(data ? texts.data : texts.page);
  else head.set(header.name, (data ? texts.noncedData : texts.noncedPage).join(nonce));
}

/** One policy as text, without nonces. */
export function serialise(directives: DirectiveMap): string {
  return [...directives].map(([name, values]) => [name, ...values].join(' ')).join('; ');
}

function textsOf(name: string, directives: DirectiveMap, tls: boolean, sandboxData: boolean): CspTexts {
  const shown = new Map(directives);
  if (!tls) shown.delete('upgrade-insecure-requests');
  const page = serialise(shown);
  const nonced = serialise(withNonce(shown));
  const suffix = sandboxData && !directives.has('sandbox') ? '; sandbox' : '';
  return {
    page: headerLines([[name, page]]),
    data: headerLines([[name, page + suffix]]),
    noncedPage: nonced.split(NONCE),
    noncedData: (nonced + suffix).split(NONCE),
  };
}

/**
 * The policy of a response that uses a nonce.
 *
 * Scripts: `'nonce-…' 'strict-dynamic' 'self'`. A browser of CSP level 3 takes what carries the nonce, and what that
 * loads, and ignores `'self'`; one of level 2 does not know `'strict-dynamic'` and takes the nonce and `'self'`; one of
 * level 1 takes `'self'` alone. So each gets the strictest policy that it understands. Where the settings name hosts,
 * `'strict-dynamic'` would make them void, and is left out.
 */
function withNonce(directives: DirectiveMap): DirectiveMap {
  const nonced = new Map(directives);
  const nonce = `'nonce-${NONCE}'`;
  for (const kind of ['script', 'style'] as const) {
    const main: DirectiveName = `${kind}-src`;
    if (!nonced.has(main)) nonced.set(main, directives.get('default-src') ?? ["'self'"]);
    for (const name of [main, `${kind}-src-elem`] as DirectiveName[]) {
      const sources = nonced.get(name);
      if (sources === undefined || (sources.includes("'none'") && directives.has(name))) continue;
      const kept = sources.filter((source) => source !== "'none'");
      // A nonce makes browsers ignore 'unsafe-inline', which the settings have asked for by its dangerous name.
      if (kind === 'style' && kept.includes("'unsafe-inline'")) continue;
      const dynamic = kind === 'script' && kept.every((source) => source === "'self'" || source.startsWith("'sha"));
      nonced.set(name, [nonce, ...(dynamic ? ["'strict-dynamic'"] : []), ...kept]);
    }
  }
  return nonced;
}
