export interface Argon2Parameters {
    readonly memory: number;
    readonly time: number;
}
