export interface WorkOptions {
    readonly signal?: AbortSignal;
}
export interface Verified {
    readonly ok: boolean;
    readonly rehash?: string;
    readonly truncated?: true;
}
