import { EventInput } from '../../events.ts';
import { IncomingMessage } from 'node:http';
import { MaybePromise } from '../../stores/record-store.ts';
import { Presented } from './state.ts';
import { PreviousSessions } from './express-session/previous.ts';
import { ReadState } from './state.ts';
import { RecordStore } from '../../stores/record-store.ts';
import { ResolvedSessionsOptions } from './options.ts';
import { Services } from '../../context.ts';
import { SessionCookie } from './cookie.ts';
import { SessionState } from './state.ts';
import { StoredRecord } from '../../stores/record-store.ts';
import { Token } from './token.ts';
export interface Found {
    readonly id: string;
    readonly version: number;
    readonly state: SessionState;
    readonly values: ReadState['values'];
    readonly by: Presented;
}
export interface Kept {
    readonly version: number;
    readonly state: SessionState;
}
export declare class SessionService {
    #private;
    readonly store: RecordStore;
    readonly cookie: SessionCookie;
    readonly idle: number;
    readonly absolute: number;
    readonly rotate: number;
    readonly grace: number;
    readonly perUser: number;
    readonly maxAge: number | null;
    readonly now: () => number;
    readonly seenEvery: number;
    readonly previous: PreviousSessions | undefined;
    constructor(options: ResolvedSessionsOptions, store: RecordStore, services: Services);
    keyOf(id: string): string;
    ownerOf(user: string): string;
    mayHaveSession({ headers: { cookie } }: IncomingMessage): boolean;
    judge(token: Token, stored: StoredRecord): Found | undefined;
    presented(digest: string, { secret, next, previous }: SessionState): Presented | undefined;
    isOver(state: SessionState): boolean;
    isRotationDue({ rotatedAt, next, leftAt }: SessionState): boolean;
    ttlOf({ seenAt, createdAt, maxAge, leftAt }: SessionState): number;
    insert(id: string, state: SessionState): MaybePromise<boolean>;
    update(id: string, from: Kept, change: (state: SessionState) => SessionState | undefined, round?: number): MaybePromise<Kept | undefined>;
    makeRoom(user: string, newest: string): Promise<void>;
    leave(id: string, from: Kept): Promise<void>;
    replayed(id: string, req: IncomingMessage): MaybePromise<void>;
    remove(id: string): MaybePromise<StoredRecord | undefined>;
    emit(event: EventInput, req?: IncomingMessage): void;
    sayPlain(req: IncomingMessage): void;
}
