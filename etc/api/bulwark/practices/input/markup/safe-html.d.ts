export type SafeKind = 'markup' | 'json' | 'sanitized';
export declare class SafeHtml {
    #private;
    constructor(key: symbol, html: string, kind: SafeKind);
    static read(value: unknown): {
        readonly html: string;
        readonly kind: SafeKind;
    } | undefined;
    toString(): string;
    toJSON(): string;
}
export interface RawUse {
    readonly reason: string;
    readonly count: number;
}
export declare function rawUses(): readonly RawUse[];
export declare function dangerouslyRaw(html: string, options: {
    reason: string;
}): SafeHtml;
