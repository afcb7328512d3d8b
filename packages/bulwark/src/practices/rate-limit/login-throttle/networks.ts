import { ipPrefix } from '../../client/address.ts';

/** The networks that a client belongs to. */
export interface Networks {
  /** An IPv4 address; of IPv6 what one household is given. */
  readonly narrow: string;
  /** Its neighbours: 24 bits of IPv4, 48 of IPv6. Who rents a server is often given, or can rent, that much. */
  readonly wide: string;
}

/**
 * The networks of an address, which the practice `client` found: no header is believed unless a declared proxy sent it.
 *
 * @example networksOf('203.0.113.9', 56) // { narrow: '203.0.113.9', wide: '203.0.113.0/24' }
 */
export function networksOf(ip: string, ipv6Prefix: number): Networks {
  const narrow = ipPrefix(ip, ipv6Prefix);
  if (ip.includes(':')) return { narrow, wide: ipPrefix(ip, Math.min(48, ipv6Prefix)) };
  return { narrow, wide: `${ip.slice(0, ip.lastIndexOf('.'))}.0/24` };
}
