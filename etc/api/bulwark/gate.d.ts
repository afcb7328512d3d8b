import { AppLogger } from './practices/logging/index.ts';
import { CoverageRow } from './coverage.ts';
import { EventName } from './events.ts';
import { IncomingMessage } from 'node:http';
import { Passwords } from './practices/passwords/index.ts';
import { ResolvedPolicy } from './policy.ts';
import { SecurityEvent } from './events.ts';
import { SelfTestReport } from './self-test.ts';
import { Server } from 'node:http';
import { ServerResponse } from 'node:http';
import { SessionManager } from './practices/sessions/index.ts';
import { TokenService } from './practices/tokens/index.ts';
export interface GateListenOptions {
    readonly port?: number;
    readonly host?: string;
    readonly http?: number | false;
}
export interface GateListening {
    readonly url: string;
    readonly port: number;
    readonly httpUrl?: string;
    readonly server: Server;
    readonly ca?: string;
    readonly trust?: string;
    close(): Promise<void>;
}
export interface Gate {
    readonly handler: (req: IncomingMessage, res: ServerResponse) => void;
    readonly policy: ResolvedPolicy;
    readonly log: AppLogger;
    readonly passwords: Passwords;
    readonly sessions: SessionManager;
    readonly tokens: TokenService;
    listen(options?: GateListenOptions): Promise<GateListening>;
    on(event: EventName | '*', listener: (event: SecurityEvent) => unknown): () => void;
    coverage(): CoverageRow[];
    selfTest(): Promise<SelfTestReport>;
    close(): Promise<void>;
}
