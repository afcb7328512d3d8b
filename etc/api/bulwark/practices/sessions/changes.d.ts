export interface Loaded {
    readonly data: Readonly<Record<string, string>>;
    readonly values?: Readonly<Record<string, unknown>> | undefined;
    readonly maxAge: number | null;
}
