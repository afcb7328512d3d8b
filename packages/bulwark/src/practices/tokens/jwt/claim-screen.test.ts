import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateTokenKey } from '../jws/generate-key.ts';
import type { Jwk } from '../jws/jwk.ts';
import { issueToken } from './issue-token.ts';

let key: Jwk;
beforeAll(async () => {
  key = await generateTokenKey();
});
const issue = (claims: object, dangerouslyAllowClaims?: Record<string, string>): Promise<string> =>
  issueToken(
    { sub: 'u7', ...claims },
    {
      key,
      issuer: 'i',
      audience: 'a',
      ...(dangerouslyAllowClaims === undefined ? {} : { dangerouslyAllowClaims }),
    },
  );

const random = randomBytes(32).toString('base64url');

describe('claims that are refused', () => {
  it.each<[string, unknown]>([
    ['password', 'x'],
    ['passwordHash', 'x'],
    ['apiKey', 'x'],
    ['client_secret', 'x'],
    ['refresh_token', 'x'],
    ['totpSecret', 'x'],
    ['pin', 1234],
    ['ssn', 'x'],
    ['iban', 'x'],
    ['cvv', 123],
    ['session', 'x'],
    ['email', 'x'],
    ['userEmail', 'x'],
    ['e_mail', 'x'],
    ['mail', 'x'],
    ['phone_number', 'x'],
    ['mobile', 'x'],
    ['birthdate', 'x'],
    ['dateOfBirth', 'x'],
    ['dob', 'x'],
    ['name', 'x'],
    ['given_name', 'x'],
    ['lastName', 'x'],
    ['preferred_username', 'x'],
    ['address', { city: 'x' }],
    ['ip', 'x'],
    ['gender', 'x'],
    ['postal-code', 'x'],
    ['passport_number', 'x'],
    ['creditCard', 'x'],
    ['salary', 5],
    ['religion', 'x'],
  ])('by name: %s', async (name, value) => {
    const refused = issue({ [name]: value });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_TOKEN_CLAIM',
      field: expect.stringContaining(`issueToken().${name}`),
    });
  });

  it.each<[string, unknown]>([
    ['an email address', 'ann@shop.example'],
    ['a name with one', 'Ann <ann@shop.example>'],
    ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijklmnop'],
    ['PEM', '-----BEGIN PRIVATE KEY-----\nAAAA'],
    ['bcrypt', '$2b$12$abcdefghijklmnopqrstuv'],
    ['argon2', '$argon2id$v=19$m=19456,t=2,p=1$abc$def'],
    ['LDAP', '{SSHA}abcdef'],
    ['Django', 'pbkdf2_sha256$1000$abc$def'],
    ['a random key', random],
    ['a random key in hex', randomBytes(24).toString('hex')],
    ['a URL with credentials', 'postgres://app:hunter2@db/shop'],
    ['Bearer', 'Bearer abcdef123456'],
    ['Stripe', 'sk_live_abcdefgh12345678'],
    ['GitHub', 'ghp_abcdefghijklmnop1234567890'],
    ['AWS', 'AKIAIOSFODNN7EXAMPLE'],
    ['a card', '4111 1111 1111 1111'],
    ['a card as a number', 4111111111111111],
    ['American Express', '378282246310005'],
    ['an IBAN', 'DE89 3704 0044 0532 0130 00'],
    ['a phone', '+49 30 1234567'],
    ['an SSN', '078-05-1120'],
    ['an assignment', 'password=hunter2'],
  ])('by value: %s', async (_what, value) => {
    await expect(issue({ note: value })).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIM', field: 'issueToken().note' });
    await expect(issue({ note: { deep: [value] } })).rejects.toMatchObject({ field: 'issueToken().note.deep.0' });
    await expect(issue({ note: { toJSON: () => value } })).rejects.toMatchObject({ field: 'issueToken().note' });
    const text = await issue({ note: value }).catch(String);
    expect(text).not.toContain(String(value).slice(0, 12));
  });

  it('in the subject too, which is often an email address', async () => {
    for (const sub of ['ann@shop.example', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', 'sk_live_abcdefgh12345678']) {
      await expect(issue({ sub })).rejects.toMatchObject({ field: 'issueToken().sub' });
    }
  });

  it('however deep they are', async () => {
    await expect(issue({ a: { b: { c: [{ password: 'x' }] } } })).rejects.toMatchObject({
      field: 'issueToken().a.b.c.0.password',
    });
    const deep = Array.from({ length: 12 }).reduce<unknown>((inner) => ({ a: inner }), 'x');
    await expect(issue({ deep })).rejects.toThrow(/too deep/);
  });
});

describe('claims that are not', () => {
  it.each<[string, unknown]>([
    ['role', 'clerk'],
    ['roles', ['clerk', 'admin']],
    ['scope', 'read:orders write:orders'],
    ['client_id', randomUUID()],
    ['sid', random],
    ['tenant', 'acme-production-eu-west-1'],
    ['tenantId', randomBytes(16).toString('hex')],
    ['auth_time', 1_800_000_000],
    ['amr', ['pwd', 'otp']],
    ['acr', 'urn:mace:incommon:iap:silver'],
    ['email_verified', true],
    ['hasPassword', false],
    ['plan', 'enterprise'],
    ['cnf', { jkt: random }],
    ['order_id', '4111111111111111'],
    ['device', randomUUID()],
    ['createdAt', new Date(0)],
    ['url', 'https://shop.example/orders/7'],
    ['count', 4_000_000],
    ['shipment', '9111111111111110'],
    ['locale', 'de-DE'],
  ])('%s: %j', async (name, value) => {
    await expect(issue({ [name]: value })).resolves.toBeTypeOf('string');
  });

  it.each([
    ['an id of a database', '507f1f77bcf86cd799439011'],
    ['a UUID', randomUUID()],
    ['of an identity provider', 'auth0|507f1f77bcf86cd799439011'],
    ['a hash', randomBytes(32).toString('hex')],
    ['a snowflake that passes the check of cards', '4539578763621486'],
    ['a number', '7'],
  ])('a subject that is %s', async (_what, sub) => {
    await expect(issue({ sub })).resolves.toBeTypeOf('string');
  });
});

describe('dangerouslyAllowClaims', () => {
  it('lets the claims pass that it names, exactly', async () => {
    const reason = 'the partner shows it in its header';
    await expect(issue({ email: 'ann@shop.example' }, { email: reason })).resolves.toBeTypeOf('string');
    await expect(issue({ sub: 'ann@shop.example' }, { sub: reason })).resolves.toBeTypeOf('string');
    for (const name of ['Email', 'e-mail', 'emails', 'user']) {
      await expect(issue({ email: 'ann@shop.example' }, { [name]: reason })).rejects.toMatchObject({
        code: 'ERR_TOKEN_CLAIM',
      });
    }
    await expect(issue({ email: 'a@b.cd', phone: '1' }, { email: reason })).rejects.toMatchObject({
      field: 'issueToken().phone',
    });
  });
});
