export declare const DEFAULTS_DATES: readonly ['2026-11'];
export type DefaultsDate = (typeof DEFAULTS_DATES)[number];
