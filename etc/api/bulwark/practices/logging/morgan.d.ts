import { IncomingMessage } from 'node:http';
import { Logger } from './options.ts';
import { ServerResponse } from 'node:http';
export declare function morganStream(logger?: Logger): {
    write(line: string): void;
};
export interface MorganLike {
    token(name: string, read: (req: IncomingMessage, res: ServerResponse, argument?: string) => string | undefined): unknown;
}
export declare function safeMorgan<M extends MorganLike>(morgan: M): M;
