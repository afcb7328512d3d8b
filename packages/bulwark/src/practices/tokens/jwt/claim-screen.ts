import { ConfigError } from '../../../errors.ts';
import { redactText } from '../../logging/clean-text.ts';
import { isSecretName } from '../../logging/secret-names.ts';

/** Registered names that read like secrets and are none (RFC 7519, RFC 9068, OpenID Connect). */
const KNOWN: ReadonlySet<string> = new Set([
  'acr',
  'amr',
  'auth_time',
  'azp',
  'client_id',
  'cnf',
  'nbf',
  'scope',
  'sid',
  'sub',
]);

/** Names that people use for what they know of somebody, without the marks of their spelling. */
const PERSONAL =
  /^(?:name|(?:first|last|given|family|middle|full|maiden|nick|preferred|display|real|user|legal)name|preferredusername|surname|forename|username|nickname|salutation|picture|avatar|photo|gender|sex|age|zoneinfo|address|ip|ipaddress|ipaddr|remoteaddr|clientip|street(?:address)?|city|zip(?:code)?|postalcode|postcode|location|latitude|longitude|geo|nationality|citizenship|ethnicity|race|religion|salary|income|diagnosis|health|medical\w*|disability|bloodtype)$|e?mail|phone|mobile(?:number)?$|telephone|birth|^dob$|passport|nationalid|taxid|taxnumber|socialsecurity|driverslicen[cs]e|creditcard|cardnumber|bankaccount|accountnumber|fingerprint$|biometric/;

const EMAIL = /[^\s@"<>]@[^\s@"<>]+\.[a-z]{2,}/i;
const PHONE = /^\+\d[\d\s().-]{6,20}$/;
const SSN = /^\d{3}-\d{2}-\d{4}$/;
const IBAN = /^[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,7}(?: ?[A-Z\d]{1,3})?$/;
const PEM = /-----BEGIN [A-Z ]+-----/;
const JWT = /^eyJ[\w-]+\.[\w-]+\./;
const PASSWORD_HASH =
  /^(?:\$(?:2[abxy]?|argon2(?:id|i|d)|scrypt|pbkdf2[\w-]*|[156y]|apr1)\$|\{S?SHA\d*\}|pbkdf2_|scrypt:)/i;
const CREDENTIAL =
  /\b(?:sk|pk|rk)_(?:live|test)_\w{8,}|\bgh[opsur]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{8,}|\b(?:AKIA|ASIA)[A-Z\d]{16}\b|\bAIza[\w-]{30,}|\bnpm_\w{30,}|\bSG\.[\w-]{16,}\./;
const CARD = /^\d(?:[ -]?\d){12,18}$/;
/** First digits of Visa, Mastercard, American Express, Discover, Diners, JCB and UnionPay: other numbers are ids. */
const CARD_ISSUER =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17})$/;

const DEEPEST = 8;
/** Names of ids and of thumbprints of keys (RFC 7800, RFC 9449), beside those that end in "id". */
const IDS: ReadonlySet<string> = new Set(['sub', 'sid', 'azp', 'jkt', 'x5t#S256']);

/**
 * Refuses claims that look like a secret or personal data, by name or by value: a JWT is signed, not sealed, and whoever
 * holds one reads it; it lies in logs of proxies, in browsers and in error reports. CWE-312, CWE-359, ASVS 14.2.6.
 *
 * It is a net, not a proof: data under a harmless name in a harmless shape passes.
 *
 * @param allowed - names that may pass all the same
 * @throws ConfigError `ERR_TOKEN_CLAIM`, which names the claim and never its value
 * @example screenClaims({ sub: '7', email: 'ann@shop.example' }, new Set()) // ConfigError: issueToken().email
 */
export function screenClaims(claims: object, allowed: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(claims)) {
    if (!allowed.has(name)) screen(name, value, `issueToken().${name}`, 0);
  }
}

function screen(name: string, value: unknown, field: string, depth: number): void {
  if (depth > DEEPEST) throw refused(field, 'it is nested too deep');
  const byName = depth === 0 && KNOWN.has(name) ? undefined : objectionToName(name, value);
  const objection = byName ?? objectionToValue(name, value);
  if (objection !== undefined) throw refused(field, objection);
  if (typeof value !== 'object' || value === null) return;
  for (const [inner, content] of Object.entries(value)) {
    screen(Array.isArray(value) ? name : inner, content, `${field}.${inner}`, depth + 1);
  }
}

function objectionToName(name: string, value: unknown): string | undefined {
  // Yes and no are no secrets: `email_verified`, `hasPassword`.
  if (typeof value === 'boolean' || value === null || value === undefined) return undefined;
  if (isSecretName(name)) return 'its name is one of secrets';
  return PERSONAL.test(name.replace(/[^\p{L}\d]/gu, '').toLowerCase()) ? 'its name is one of personal data' : undefined;
}

function objectionToValue(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).trim();
  if (JWT.test(text) || PEM.test(text) || PASSWORD_HASH.test(text) || CREDENTIAL.test(text))
    return 'it looks like a secret';
  if (EMAIL.test(text)) return 'it looks like an email address';
  if (PHONE.test(text) || SSN.test(text) || isIban(text)) return 'it looks like personal data';
  // Ids are long and random by nature, and one in ten long numbers passes the check of cards.
  if (isId(name)) return undefined;
  if (isCard(text)) return 'it looks like the number of a card';
  return typeof value === 'string' && redactText(text) !== text ? 'it looks like a secret' : undefined;
}

function isId(name: string): boolean {
  return IDS.has(name) || /(?:^|[_-])ids?$|[a-z\d]Ids?$/.test(name);
}

function isCard(text: string): boolean {
  if (!CARD.test(text)) return false;
  const digits = text.replace(/\D/g, '');
  if (!CARD_ISSUER.test(digits)) return false;
  const sum = digits
    .split('')
    .reverse()
    .reduce((total, digit, i) => {
      const twice = i % 2 === 1 ? Number(digit) * 2 : Number(digit);
      return total + (twice > 9 ? twice - 9 : twice);
    }, 0);
  return sum % 10 === 0;
}

function isIban(text: string): boolean {
  if (!IBAN.test(text)) return false;
  const compact = text.replaceAll(' ', '');
  const moved = compact.slice(4) + compact.slice(0, 4);
  const digits = moved.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}

function refused(field: string, message: string): ConfigError {
  return new ConfigError('ERR_TOKEN_CLAIM', {
    field,
    message: `${message}, and whoever holds a token can read it`,
    fix: 'leave it out and look it up by sub, or name it in dangerouslyAllowClaims with a reason',
  });
}
