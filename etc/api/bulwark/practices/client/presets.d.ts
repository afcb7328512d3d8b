export declare const PRESET_NAMES: readonly ['nginx', 'caddy', 'haproxy', 'aws-alb', 'cloudflare', 'fly', 'heroku', 'render', 'vercel'];
export type PresetName = (typeof PRESET_NAMES)[number];
export interface ProxyRules {
    readonly name: string;
    trusts(address: string, hop: number): boolean;
    addressHeader(address: string, hop: number): string | undefined;
    readonly headers: 'x-forwarded' | 'forwarded' | 'any';
    readonly protocolHeader: 'x-forwarded-proto' | 'fly-forwarded-proto';
    readonly host: boolean;
    readonly port: boolean;
}
