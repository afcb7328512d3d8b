export interface Authentication {
    readonly user: string;
    readonly roles?: readonly string[];
    readonly factors: Readonly<Record<string, number>>;
    readonly at: number;
}
export interface SessionState {
    readonly secret: string;
    readonly next?: {
        readonly secret: string;
        readonly since: number;
    };
    readonly previous?: {
        readonly secret: string;
        readonly until: number;
        readonly authentication?: Authentication;
    };
    readonly data: Readonly<Record<string, string>>;
    readonly authentication?: Authentication;
    readonly createdAt: number;
    readonly seenAt: number;
    readonly rotatedAt: number;
    readonly device: string;
    readonly maxAge?: number | null;
    readonly leftAt?: number;
}
export type Presented = 'current' | 'next' | 'previous' | 'replayed';
export interface ReadState {
    readonly state: SessionState;
    readonly values: Readonly<Record<string, unknown>>;
}
