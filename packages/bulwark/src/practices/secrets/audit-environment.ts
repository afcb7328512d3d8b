import { judgeSecret, PASSWORD_FLOOR, type Weakness } from './judge-secret.ts';
import type { EnvironmentSource } from './read-variable.ts';
import { credentialsOf } from './url-credentials.ts';

/** A variable with a weak secret in it: its name, and why. Nothing of its value. */
export interface WeakVariable extends Weakness {
  readonly variable: string;
}

/** Names that say that the value is a secret. Those of paths, life times and the like end otherwise. */
const SECRET =
  /(?:^|_)(?:SECRETS?|PASSWORD|PASSWD|PASS|PASSPHRASE|TOKEN|API_?KEY|(?:SECRET|PRIVATE|ENCRYPTION|SIGNING|ACCESS|MASTER)_?KEY(?:_BASE)?)(?:_(?:OLD|NEW|PREVIOUS|CURRENT|\d{1,2}))?$/i;
/** Names of addresses, which may hold a password. */
const ADDRESS = /(?:^|_)(?:URL|URI|DSN|CONNECTION_STRING)$/i;
/** What switches something, in a variable whose name only sounds like a secret: `ALLOW_EMPTY_PASSWORD=yes`. */
const SWITCH = /^(?:true|false|yes|no|on|off|none|null|undefined|enabled|disabled|\d{1,3})$/i;

/**
 * Looks at all variables whose names say that they hold a secret, and says which are weak.
 *
 * @example auditEnvironment({ JWT_SECRET: 'changeme' }) // [{ variable: 'JWT_SECRET', kind: 'placeholder', … }]
 */
export function auditEnvironment(source: EnvironmentSource): WeakVariable[] {
  return Object.entries(source)
    .flatMap(([variable, value]) => {
      const weakness = value === undefined || value === '' ? undefined : judgeVariable(variable, value);
      return weakness === undefined ? [] : [{ variable, ...weakness }];
    })
    .sort((a, b) => (a.variable < b.variable ? -1 : 1));
}

function judgeVariable(variable: string, value: string): Weakness | undefined {
  if (SECRET.test(variable)) return SWITCH.test(value) ? undefined : judgeSecret(value, PASSWORD_FLOOR);
  if (!ADDRESS.test(variable)) return undefined;
  const password = credentialsOf(value)?.password;
  return password === undefined ? undefined : judgeSecret(password, PASSWORD_FLOOR, 'has a password that ');
}
