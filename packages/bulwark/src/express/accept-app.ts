import { ConfigError } from '../errors.ts';
import { type ExpressApp, isExpressApp } from './internals.ts';
import { hasServed } from './served.ts';

const SECURED: unique symbol = Symbol.for('bulwark.secured');

/**
 * Accepts an app that can be secured: Express 4.21+ or 5, not secured yet, without a request answered, and without an own
 * opinion on proxies.
 *
 * @throws ConfigError `ERR_UNSUPPORTED_EXPRESS`, `ERR_SECURED_TWICE`, `ERR_SECURED_LATE`, `ERR_CONFIG_TRUST_PROXY`
 */
export function acceptApp(app: unknown): ExpressApp {
  if (!isExpressApp(app)) {
    throw new ConfigError('ERR_UNSUPPORTED_EXPRESS', {
      field: 'app',
      message: 'this is not an Express application',
      fix: 'pass what express() returned, of Express 4.21 or newer, or 5',
    });
  }
  if (SECURED in app) throw securedTwice('this app is secured already');
  if (hasServed(app)) {
    throw new ConfigError('ERR_SECURED_LATE', {
      field: 'app',
      message: 'the app has answered requests without protection',
      fix: 'call secure(app, …) before listen()',
    });
  }
  const setting = app.get('trust proxy');
  if (setting !== false && setting !== undefined) throw foreignTrust(setting);
  return app;
}

/** Marks an app as secured. */
export function markSecured(app: ExpressApp): void {
  Object.defineProperty(app, SECURED, { value: true });
}

/**
 * Accepts an app that is mounted below a secured one, and ties its request and response to it: `app.use(mounted)` does so,
 * `router.use(mounted)` does not.
 *
 * @throws ConfigError `ERR_SECURED_TWICE` if it has a gate of its own
 */
export function acceptMounted(mounted: ExpressApp, app: ExpressApp): void {
  if (SECURED in mounted) throw securedTwice('an app that is mounted below this one is secured already');
  inherit(mounted.request, app.request);
  inherit(mounted.response, app.response);
}

function securedTwice(message: string): ConfigError {
  return new ConfigError('ERR_SECURED_TWICE', {
    field: 'app',
    message,
    fix: 'call secure() once, on the outermost app; the apps mounted below it are covered',
  });
}

/**
 * Express's own setting would let two parts of the app disagree about who is calling.
 *
 * @param setting - what it is; absent where it was changed after `secure()`
 */
export function foreignTrust(setting?: unknown): ConfigError {
  const shown = typeof setting === 'function' ? 'a function' : JSON.stringify(setting);
  const fix =
    typeof setting === 'number'
      ? `remove it and write proxy: { hops: ${setting} } in the policy`
      : "remove it and say in the policy which proxy it is: proxy: 'nginx', { hops: 1 } or { cidrs: ['10.0.0.0/8'] }";
  return new ConfigError('ERR_CONFIG_TRUST_PROXY', {
    field: "app.set('trust proxy')",
    message: shown === undefined ? 'the app changed it after secure()' : `the app sets it to ${shown}`,
    fix,
  });
}

function inherit(child: object, parent: object): void {
  if (!Object.prototype.isPrototypeOf.call(parent, child)) Object.setPrototypeOf(child, parent);
}
