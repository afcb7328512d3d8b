import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, type Middleware, type Next, type Services } from '../../context.ts';
import { judge } from './judge.ts';
import { type CsrfOptions, readPolicy } from './options.ts';

export type { CsrfOptions } from './options.ts';

/**
 * Refuses state changes that a page of another origin sent, and resources that another site loads, by what the browser
 * says of the request: `Sec-Fetch-Site`, then `Origin`. No token, no session, no body parser (CWE-352; ASVS 3.5.1,
 * 3.5.3, 3.5.8).
 *
 * It reads `req.method` anew at each call and keeps nothing, so it may be called again after the method was changed.
 *
 * @throws ConfigError for options that it cannot have
 * @example app.use(csrf({ origins: ['https://shop.example'], trustedOrigins: ['https://login.example'] }))
 */
export function csrf(options: CsrfOptions = {}, services: Services = ALONE): Middleware {
  void services;
  const policy = readPolicy(options);

  return function csrf(req: IncomingMessage, _res: ServerResponse, next: Next): void {
    next(judge(req, policy));
  };
}
