import { Emit } from './events.ts';
import { Head } from './head.ts';
import { IncomingMessage } from 'node:http';
import { RateLimitStore } from './stores/rate-limit-store.ts';
import { ServerResponse } from 'node:http';
import { Stores } from './stores/stores.ts';
export type Handler = (req: IncomingMessage, res: ServerResponse, next: Next) => void;
export interface Middleware extends Handler {
    readonly response?: ResponseHook;
    readonly close?: () => void;
}
export type Next = (error?: unknown) => void;
export type ResponseHook = (req: IncomingMessage, res: ServerResponse, head: Head) => void;
export interface Services {
    readonly emit: Emit;
    readonly mode: Mode;
    readonly rateLimitStore?: RateLimitStore;
    readonly stores?: Stores;
    readonly onUnread?: (what: Unread) => void;
}
export interface Unread {
    readonly kind: 'request' | 'handshake' | 'connection';
    readonly code: string;
    readonly status?: number;
    readonly ip?: string;
}
export type Mode = 'production' | 'development' | 'test';
