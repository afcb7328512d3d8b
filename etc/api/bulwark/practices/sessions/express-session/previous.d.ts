import { Duration } from '../../../units.ts';
import { ExpressSessionStore } from './store-call.ts';
import { IncomingMessage } from 'node:http';
import { RecordStore } from '../../../stores/record-store.ts';
import { Secret } from '../../secrets/secret.ts';
export interface PreviousSessionsOptions {
    readonly secret: string | Secret | readonly (string | Secret)[];
    readonly store: ExpressSessionStore;
    readonly name?: string;
    readonly path?: string;
    readonly domain?: string;
    readonly timeout?: Duration;
}
export interface PreviousSessions {
    find(req: IncomingMessage): string | undefined;
    take(id: string, records: RecordStore, begin: (data: Record<string, string>) => Promise<void>): Promise<boolean>;
    readonly clear: string;
}
