import { hash } from 'node:crypto';

/** What is longer is no name: cut, one name with more and more invisible characters before it would be many. */
const LONGEST = 1024;

/**
 * The key of an account: 132 bits of SHA-256 over its name, folded further than a database does that compares names
 * loosely (MySQL's `ai_ci` collations): compatibility forms, case, accents, spaces and invisible characters. Otherwise each
 * spelling of a name that finds the same user would have tries of its own. That two users share a key does less harm.
 *
 * It is the same whether the account exists or not, so what it counts tells nobody whether it does.
 *
 * @see CWE-178, CWE-204
 * @example accountKey(' Ålice@Example.com') === accountKey('alice@example.com') // true
 */
export function accountKey(account: unknown): string {
  return hash('sha256', fold(textOf(account)), 'base64url').slice(0, 22);
}

function fold(name: string): string {
  // Up and down again: ß becomes ss, and the letters that exist in one case only become their partners.
  const cased = name.normalize('NFKC').toUpperCase().toLowerCase();
  return cased.normalize('NFKD').replace(/[\p{M}\p{Z}\p{C}]/gu, '');
}

/** What is no name counts as one account without a name: never uncounted. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value.length > LONGEST ? '' : value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  // Most code that reads a list of one name reads that name.
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return textOf(value.join(','));
  return '';
}
