export interface ExpressSessionStore {
    get(sid: string, callback: (error: unknown, session?: never) => void): unknown;
    set(sid: string, session: never, callback?: (error?: unknown) => void): unknown;
    destroy(sid: string, callback?: (error?: unknown) => void): unknown;
    all?(callback: (error: unknown, sessions?: never) => void): unknown;
    on?(event: never, listener: never): unknown;
}
