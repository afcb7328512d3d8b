export type BreachSource = (prefix: string, signal: AbortSignal) => Promise<string>;
export declare function rangeSearch(url: string): BreachSource;
