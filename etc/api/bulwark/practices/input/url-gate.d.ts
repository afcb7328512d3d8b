import { Middleware } from '../../context.ts';
export declare function urlGate(): Middleware;
