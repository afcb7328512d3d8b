import { IncomingMessage } from 'node:http';
export declare function nonceOf(req: IncomingMessage): string;
