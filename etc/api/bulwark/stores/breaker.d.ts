export interface OutageOptions {
    readonly timeout?: number;
    readonly retry?: number;
    readonly clock?: () => number;
}
