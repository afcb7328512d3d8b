import { IncomingMessage } from 'node:http';
export interface Identity {
    readonly id: string;
    readonly roles?: readonly string[];
    readonly scopes?: readonly string[];
    readonly factors?: Readonly<Record<string, number>>;
}
export type Identify = (req: IncomingMessage) => Identity | undefined | null | Promise<Identity | undefined | null>;
export interface AccessOptions {
    readonly undecided?: 'deny' | 'allow' | 'refuse-to-start';
    readonly identify?: Identify;
}
