export { ExpressSessionStore } from './express-session/store-call.ts';
export { ExpressSessionStoreOptions } from './express-session/store.ts';
export { LogInOptions } from './requests.ts';
export { OwnSessions } from './requests.ts';
export { PreviousSessionsOptions } from './express-session/previous.ts';
export { Session } from './session.ts';
export { SessionCookieOptions } from './options.ts';
export { SessionInfo } from './manager.ts';
export { SessionManager } from './manager.ts';
export { SessionsOptions } from './options.ts';
export { StoreGuarantees } from './express-session/store.ts';
export { WrappedStore } from './express-session/store.ts';
export { changeRoles } from './requests.ts';
export { fromExpressSessionStore } from './express-session/store.ts';
export { logIn } from './requests.ts';
export { logOut } from './requests.ts';
export { proveFactor } from './requests.ts';
export { sessionOf } from './requests.ts';
export { sessionsOf } from './requests.ts';
import { Handler } from '../../context.ts';
import { Identify } from '../access/index.ts';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
import { SessionManager } from './manager.ts';
import { SessionsOptions } from './options.ts';
export interface SessionsReport {
    readonly idle: number;
    readonly absolute: number;
    readonly sameSite: 'lax' | 'strict' | 'none';
    readonly kept: boolean;
}
export interface SessionsMiddleware extends Middleware {
    readonly read: Handler;
    readonly identify: Identify;
    readonly manager: SessionManager;
    readonly report: SessionsReport;
}
export declare function sessions(options?: SessionsOptions, services?: Services): SessionsMiddleware;
