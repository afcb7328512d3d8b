export declare function ipPrefix(ip: string, ipv6Bits: number): string;
