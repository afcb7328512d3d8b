import { Authentication } from './state.ts';
import { Identity } from '../access/index.ts';
import { IncomingMessage } from 'node:http';
import { Keeper } from './hold-response.ts';
import { LogInOptions } from './requests.ts';
import { MaybePromise } from '../../stores/record-store.ts';
import { Next } from '../../context.ts';
import { ServerResponse } from 'node:http';
import { Session } from './session.ts';
import { SessionService } from './service.ts';
export declare class SessionHandle implements Keeper {
    #private;
    constructor(service: SessionService, req: IncomingMessage, res: ServerResponse);
    send(): void;
    settle(next: Next): void;
    open(): Session | undefined;
    get aliveId(): string | undefined;
    assign(value: unknown): void;
    get id(): string;
    get authentication(): Authentication | undefined;
    get identity(): Identity | undefined;
    commit(): MaybePromise<void>;
    destroy(): Promise<void>;
    regenerate(): Promise<void>;
    reload(): Promise<void>;
    logIn(user: {
        readonly id: string;
        readonly roles?: readonly string[];
    }, { factor, device, keep }: LogInOptions): Promise<void>;
    reauthenticate(change: (authentication: Authentication, now: number) => Authentication): Promise<void>;
    writeHead(res: ServerResponse): void;
    refuse(error: unknown): void;
}
