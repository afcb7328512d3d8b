export declare class Secret {
    #private;
    private constructor();
    static of(value: string, options?: {
        readonly name?: string;
    }): Secret;
    get name(): string | undefined;
    reveal(): string;
    bytes(): Buffer;
    equals(other: Secret | string): boolean;
    toString(): string;
    toJSON(): string;
    static is(value: unknown): value is Secret;
}
export interface SecretList {
    readonly current: Secret;
    readonly all: readonly Secret[];
}
