export declare const PRESET_NAMES: readonly ['nginx', 'caddy', 'haproxy', 'aws-alb', 'cloudflare', 'fly', 'heroku', 'render', 'vercel'];
export type PresetName = (typeof PRESET_NAMES)[number];
