import { Duration } from '../../units.ts';
import { IncomingMessage } from 'node:http';
import { IssuedTokens } from './service.ts';
import { ServerResponse } from 'node:http';
export interface SendTokensOptions {
    readonly cookie?: boolean;
    readonly maxAge?: Duration;
}
export declare function sendTokens(res: ServerResponse, issued: IssuedTokens, options?: SendTokensOptions): void;
export declare function refreshTokenOf(req: Pick<IncomingMessage, 'headers'>): string | undefined;
export declare function clearRefreshToken(res: ServerResponse): void;
