import { canonicalAddress } from './address.ts';
import { type ProxySetting, readProxy } from './proxy.ts';

/**
 * The same decision for Express: `req.ip`, `req.ips`, `req.protocol` then walk X-Forwarded-For as this practice does.
 *
 * Where the proxy tells the address in a header of its own (Cloudflare, Fly, Render), Express cannot know it: then only the
 * socket's peer is trusted here, and the entry that this practice leaves in X-Forwarded-For is the client.
 *
 * @throws ConfigError `ERR_CONFIG_TRUST_PROXY`
 * @example app.set('trust proxy', trustProxyFunction({ hops: 1 }))
 */
export function trustProxyFunction(proxy: ProxySetting): (address: string, hop: number) => boolean {
  const rules = readProxy(proxy);
  const ownHeader = ['cloudflare', 'fly', 'render'].includes(rules.name);
  return function trustProxy(address: string | undefined, hop: number): boolean {
    // A Unix socket has no address; its other end is a process of this machine.
    const canonical = address === undefined ? '127.0.0.1' : canonicalAddress(address);
    if (canonical === undefined || (ownHeader && hop > 0)) return false;
    return rules.trusts(canonical, hop);
  };
}
