import { createHash } from 'node:crypto';
import { isMadeOfWords, squeeze, unleet } from './predictable.ts';

/** What a secret begins with that Bulwark has made for development. */
export const DEVELOPMENT_PREFIX = 'insecure-development-';

/**
 * Values that documentation, tutorials and templates print and that no rule below would find. They are compared without
 * regard to case, separators and digits in the place of letters.
 */
const KNOWN = [
  // Sample settings of widely copied Express templates: hagopj13's, santiq's, w3tecch's (edwinhern's has no secret).
  'thisisasamplesecret',
  'email-server-password',
  'p4sta.w1th-b0logn3s3-s@uce',
  '1212312312312',
  '123456',
  '1234',
  // The documentation of Express, jsonwebtoken, jwt.io, Passport, Nest, Supabase, WordPress, AWS.
  'keyboard cat',
  'shhhhh',
  'shhhhhhared-secret',
  'your-256-bit-secret',
  'a-string-secret-at-least-256-bits-long',
  'super-secret-jwt-token-with-at-least-32-characters-long',
  'DO NOT USE THIS VALUE. INSTEAD, CREATE A COMPLEX SECRET AND KEEP IT SAFE OUTSIDE OF THE SOURCE CODE.',
  'put your unique phrase here',
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  // What people write.
  'abc123',
  'batman',
  'cats',
  'correct horse battery staple',
  'correcthorsebatterystaple',
  'dragon',
  'hunter2',
  'iloveyou',
  'ilovecoding',
  'lorem ipsum',
  'minioadmin',
  'monkey',
  'mongoadmin',
  'notagoodsecret',
  'opensesame',
  'passw0rd',
  'rabbitmq',
  'rootpassword',
  'shh',
  'some garbage',
  'swordfish',
  'tobemodified',
  'toBeModified1',
  'trustno1',
  'whatever',
];

/** SHA-256 of published keys that look random, so that they are not published once more: the tutorials of FastAPI and Flask. */
const KNOWN_HASHES: ReadonlySet<string> = new Set([
  '570dad43de1af4c925f92c16a68a50936da42b7dd6fdeb24850507a1199aac89',
  '2598f7d6adc142d88161630f3db12ab2bd3403521c281811e5e1ce60d4ac5d76',
]);

const SHAPES: readonly RegExp[] = [
  // <your secret>, [secret], {secret}, {{ secret }}, ${SECRET}, $(openssl rand), %SECRET%, (generate one), ...
  /^(?:<[^<>]*>|\[[^"[\]]*\]|\$?\{[^":]*\}|\$?\([^()]*\)|%\w+%|\$[A-Z_][A-Z0-9_]*|[.…]+)$/,
  // One character, again and again.
  /^(.)\1*$/s,
  /^process\.env\b/,
  /^django-insecure-/i,
  /^insecure-/i,
];

const known: ReadonlySet<string> = new Set(KNOWN.flatMap((value) => [squeeze(value), unleet(squeeze(value))]));

/**
 * Whether a value is one that the whole world knows: a sample of documentation or of a template, a blank to be filled in,
 * or words that only such values are made of. The whole value counts: a random one that has `secret` in it is none.
 *
 * @see CWE-1392, CWE-798; ASVS 5.0 13.2.3
 * @example isPlaceholder('your-256-bit-secret') // true
 */
export function isPlaceholder(value: string): boolean {
  const trimmed = value.trim();
  if (trimmed === '' || SHAPES.some((shape) => shape.test(trimmed))) return true;
  const squeezed = squeeze(trimmed);
  if (squeezed === '') return true;
  if (known.has(squeezed) || known.has(unleet(squeezed)) || isMadeOfWords(squeezed)) return true;
  return KNOWN_HASHES.has(createHash('sha256').update(trimmed).digest('hex'));
}

/** Whether Bulwark has made a value for development. */
export function isDevelopmentSecret(value: string): boolean {
  return value.trim().toLowerCase().startsWith(DEVELOPMENT_PREFIX);
}
