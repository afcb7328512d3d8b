export interface SqlServerOptions {
    readonly prefix?: string;
    readonly connections?: number;
    readonly waiting?: number;
    readonly timeout?: number;
}
