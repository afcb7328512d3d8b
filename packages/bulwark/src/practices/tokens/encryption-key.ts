import { randomBytes } from 'node:crypto';
import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { judgeSecret, KEY_FLOOR } from '../secrets/judge-secret.ts';
import { DEVELOPMENT_PREFIX } from '../secrets/placeholders.ts';
import { Secret, type SecretList } from '../secrets/secret.ts';

/** What a ring is encrypted with, and where it lies. */
export interface RingSeal {
  readonly secrets: Secret | SecretList;
  readonly place: string;
}

const FIELD = 'tokens.encryptionKey';
const FIX =
  'make one: openssl rand -hex 32; and give it: tokens: { encryptionKey: config.TOKEN_KEY } with TOKEN_KEY: env.secret()';

/**
 * The key of a ring: the one that is given, judged; in development and test one that is made up and says so, for a ring of
 * this process alone.
 *
 * @throws ConfigError in production, without one or with a weak one
 */
export function sealOf(
  given: Secret | SecretList | undefined,
  ring: string,
  { mode }: Pick<Services, 'mode'>,
): RingSeal {
  if (given === undefined) {
    if (mode === 'production') throw refused('it is missing, and keys must not lie in a store as they are', FIX);
    const text = `${DEVELOPMENT_PREFIX}${randomBytes(32).toString('base64url')}`;
    // Nobody else could open it, so it lies in nobody's way; the event that tells of new keys names the place.
    const place = `token-keys:${DEVELOPMENT_PREFIX}${randomBytes(8).toString('hex')}:${ring}`;
    return { secrets: Secret.of(text, { name: FIELD }), place };
  }
  const all = 'all' in given ? given.all : [given];
  for (const secret of all) {
    const weak = judgeSecret(secret.reveal(), KEY_FLOOR);
    if (weak !== undefined && mode === 'production') throw refused(`it ${weak.problem}`, FIX);
  }
  return { secrets: given, place: `token-keys:${ring}` };
}

function refused(message: string, fix: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', { field: FIELD, message, fix });
}
