/**
 * Parts that make a name secret wherever they stand in it, in any spelling (`userPassword`, `USER_PASSWORD`): what logs
 * a user in, what stands for him afterwards, keys, and payment details (ASVS 16.2.5). `hasPassword: true` stays, since
 * yes and no are no secrets.
 */
const STEMS = [
  'passw',
  'passphrase',
  'passcode',
  'pwd',
  'secret',
  'token',
  'cookie',
  'authoriz',
  'bearer',
  'assertion',
  'credential',
  'signature',
  'apikey',
  'accesskey',
  'privatekey',
  'signingkey',
  'encryptionkey',
  'masterkey',
  'sharedkey',
  'clientcert',
  'connectionstring',
  'sessionid',
  'jwt',
  'csrf',
  'xsrf',
  'onetimecode',
  'recoverycode',
  'backupcode',
  'verificationcode',
  'resetcode',
  'securitycode',
  'mnemonic',
  'seedphrase',
  'cardnumber',
  'creditcard',
  // Names and values in turn: no member of it tells which of its neighbours is a secret.
  'rawheaders',
];

/** Too short to be looked for inside of words (`author`, `spin`, `footprint`): these must be a word of the name. */
const WORDS: ReadonlySet<string> = new Set([
  'auth',
  'csc',
  'cvc',
  'cvv',
  'hotp',
  'iban',
  'otp',
  'pass',
  'pin',
  'sess',
  'session',
  'sessions',
  'sid',
  'sig',
  'ssn',
  'totp',
]);

const STEM = new RegExp(STEMS.join('|'));
const PARTS = /[\p{Lu}]?[\p{Ll}]+|\p{Lu}+(?!\p{Ll})|\d+/gu;

/**
 * Whether the value under this name must not be logged: `authorization`, `x-api-key`, `resetToken`, `db_pass`, `otp`.
 *
 * @example isSecretName('author') // false
 */
export function isSecretName(name: string): boolean {
  if (STEM.test(spelled(name))) return true;
  return (name.match(PARTS) ?? []).some((part) => WORDS.has(part.toLowerCase()));
}

/** A name without what its spelling adds: `user_email`, `userEmail` and `user-email` are one. */
function spelled(name: string): string {
  return name.replace(/[^\p{L}\d]/gu, '').toLowerCase();
}

/**
 * Whether the value at a place must not be logged.
 *
 * @param path - the names that lead there, the last one its own
 */
export type SecretTest = (path: readonly string[]) => boolean;

/**
 * Makes the test for a list of further names: `email` at any depth, `user.email` where the names follow each other.
 *
 * @example secretTest(['user.email'])(['body', 'user', 'email']) // true
 */
export function secretTest(redact: readonly string[]): SecretTest {
  const names = new Set(redact.filter((entry) => !entry.includes('.')).map(spelled));
  const paths = redact.filter((entry) => entry.includes('.')).map((entry) => entry.split('.').map(spelled));

  return function isSecret(path) {
    const name = path[path.length - 1] ?? '';
    if (isSecretName(name)) return true;
    if (names.size === 0 && paths.length === 0) return false;
    if (names.has(spelled(name))) return true;
    return paths.some((wanted) => {
      const tail = path.slice(-wanted.length);
      return tail.length === wanted.length && tail.every((part, i) => spelled(part) === wanted[i]);
    });
  };
}
