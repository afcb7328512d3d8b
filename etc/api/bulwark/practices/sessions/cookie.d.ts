export interface SessionCookie {
    readonly name: string;
    readonly secure: boolean;
    readonly sameSite: 'lax' | 'strict' | 'none';
    readonly partitioned: boolean;
    readonly persistent: boolean;
    read(header: string | undefined): string | null | undefined;
    write(value: string, maxAge: number | undefined): string;
    clear(): string;
}
