export declare function url(value: unknown): string;
