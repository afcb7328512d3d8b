import { parseRange, type Range, rangeTest } from './address.ts';

/** Proxies that are known by name. */
export const PRESET_NAMES = [
  'nginx',
  'caddy',
  'haproxy',
  'aws-alb',
  'cloudflare',
  'fly',
  'heroku',
  'render',
  'vercel',
] as const;

/** A proxy that is known by name. */
export type PresetName = (typeof PRESET_NAMES)[number];

/** Which senders are believed, and in what. Hop 0 is the socket's peer, hop 1 the address that it tells, and so on. */
export interface ProxyRules {
  /** For notices: `none`, the preset's name, or the form of the setting. */
  readonly name: string;
  /** Whether the sender at this hop may say who called it. Addresses are canonical. */
  trusts(address: string, hop: number): boolean;
  /** A header with the client's address that the trusted sender at this hop always overwrites; undefined: there is none. */
  addressHeader(address: string, hop: number): string | undefined;
  /** The headers that are read: `x-forwarded` is X-Forwarded-*, `forwarded` is RFC 7239, `any` both, and they must agree. */
  readonly headers: 'x-forwarded' | 'forwarded' | 'any';
  /** The header that says http or https. */
  readonly protocolHeader: 'x-forwarded-proto' | 'fly-forwarded-proto';
  /** Whether the forwarded host is believed. Most proxies pass a client's X-Forwarded-Host on. */
  readonly host: boolean;
  /** Whether X-Forwarded-Port completes a forwarded host that has no port. */
  readonly port: boolean;
}

/** Loopback, private (RFC 1918), link-local, and unique local (RFC 4193): where nobody on the internet can call from. */
const PRIVATE_RANGES: readonly Range[] = ranges(
  '127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 ::1 fe80::/10 fc00::/7',
);

// https://www.cloudflare.com/ips/, as of 2026-02. WARP's exits (104.28.0.0/16) are not in it, and must not be.
const CLOUDFLARE_RANGES = ranges(
  `173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18 108.162.192.0/18 190.93.240.0/20
   188.114.96.0/20 197.234.240.0/22 198.41.128.0/17 162.158.0.0/15 104.16.0.0/13 104.24.0.0/14 172.64.0.0/13
   131.0.72.0/22 2400:cb00::/32 2606:4700::/32 2803:f800::/32 2405:b500::/32 2405:8100::/32 2a06:98c0::/29
   2c0f:f248::/32`,
);

/** Whether a canonical address is in {@link PRIVATE_RANGES}. */
export const isPrivate: (address: string) => boolean = rangeTest(PRIVATE_RANGES);
const isCloudflare = rangeTest(CLOUDFLARE_RANGES);

/** One proxy, on this machine or on a private network, that appends to X-Forwarded-For and sets X-Forwarded-Proto. */
const ONE_PRIVATE_HOP: Omit<ProxyRules, 'name'> = {
  trusts: (address, hop) => hop === 0 && isPrivate(address),
  addressHeader: () => undefined,
  headers: 'x-forwarded',
  protocolHeader: 'x-forwarded-proto',
  host: false,
  port: false,
};

/**
 * What each proxy is known to do. All of them pass a client's `Forwarded` on, so none reads it; all but Caddy pass its
 * X-Forwarded-Host on, so only Caddy's is believed.
 */
export const PRESETS: Readonly<Record<PresetName, Omit<ProxyRules, 'name'>>> = {
  nginx: ONE_PRIVATE_HOP,
  haproxy: ONE_PRIVATE_HOP,
  // Since 2.5 it drops what the client sent of all three X-Forwarded headers and writes its own.
  caddy: { ...ONE_PRIVATE_HOP, host: true },
  'aws-alb': ONE_PRIVATE_HOP,
  heroku: ONE_PRIVATE_HOP,
  vercel: ONE_PRIVATE_HOP,
  // It appends two addresses, the client's and its own public one, and passes X-Forwarded-Proto on; but it overwrites
  // Fly-Client-IP and Fly-Forwarded-Proto.
  fly: {
    ...ONE_PRIVATE_HOP,
    addressHeader: (_address, hop) => (hop === 0 ? 'fly-client-ip' : undefined),
    protocolHeader: 'fly-forwarded-proto',
  },
  // Cloudflare itself, or one local proxy (or tunnel) that Cloudflare calls. CF-Connecting-IP counts only where the
  // address next to Cloudflare's is Cloudflare's: whoever finds the local proxy and calls it directly is just himself.
  cloudflare: behindCloudflare(1),
  // Cloudflare, then Render's own routers on a private network.
  render: behindCloudflare(3),
};

function behindCloudflare(localHops: number): Omit<ProxyRules, 'name'> {
  return {
    ...ONE_PRIVATE_HOP,
    trusts: (address, hop) => isCloudflare(address) || (hop < localHops && isPrivate(address)),
    addressHeader: (address) => (isCloudflare(address) ? 'cf-connecting-ip' : undefined),
  };
}

function ranges(text: string): readonly Range[] {
  return text.split(/\s+/).flatMap((entry) => parseRange(entry) ?? []);
}
