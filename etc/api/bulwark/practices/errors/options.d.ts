import { IncomingMessage } from 'node:http';
import { ProblemPage } from './html-page.ts';
export interface ErrorsOptions {
    readonly exposeMessages?: boolean;
    readonly page?: ProblemPage | false;
    readonly debug?: boolean;
    readonly onError?: (error: unknown, req: IncomingMessage) => unknown;
}
