export interface RedisClient {
    readonly isOpen: boolean;
    connect(): Promise<unknown>;
    sendCommand(...args: never[]): Promise<unknown>;
    on(event: 'error' | 'ready', listener: (error?: unknown) => void): unknown;
}
