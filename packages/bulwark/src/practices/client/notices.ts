import type { Emit } from '../../events.ts';

/** How the setting and the requests differ. */
export type Mismatch = 'undeclared' | 'direct' | 'silent' | 'protocol';

const EVERY = 10 * 60_000;

const TEXTS: Readonly<Record<Mismatch, (proxy: string) => string>> = {
  undeclared: () =>
    "requests carry X-Forwarded-For or Forwarded, but the policy says proxy: 'none', so they are ignored; " +
    "if a proxy stands in front, name it (proxy: 'nginx'), or all its clients count as one",
  direct: (proxy) =>
    `a request came from an address that proxy: ${proxy} does not cover, so its forwarding headers are ignored; ` +
    'either the app can be reached around the proxy, or the proxy has another address than was declared',
  silent: (proxy) =>
    `a request came from the proxy's address without the header that proxy: ${proxy} should send, so the proxy itself ` +
    'counts as the client; make the proxy send it, or list probe paths in client.dangerouslyAnyHostPaths',
  protocol: (proxy) =>
    `the proxy (${proxy}) does not say whether its clients use HTTPS, so they count as plain HTTP and would be ` +
    'redirected without end; make it send X-Forwarded-Proto',
};

/**
 * Says at run time what no setting can know beforehand: that the requests do not look as declared. Each kind at once, and
 * then at most every ten minutes.
 */
export function proxyNotices(emit: Emit, proxy: string): (kind: Mismatch, peer: string) => void {
  const last = new Map<Mismatch, number>();
  return function notice(kind: Mismatch, peer: string): void {
    const now = performance.now();
    const before = last.get(kind);
    if (before !== undefined && now - before < EVERY) return;
    last.set(kind, now);
    emit({
      event: 'sys_proxy_mismatch',
      level: 'WARN',
      description: TEXTS[kind](proxy),
      practice: 'client',
      sourceIp: peer,
      details: { kind, proxy },
    });
  };
}
