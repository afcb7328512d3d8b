import { describe, expect, it } from 'vitest';
import { isSecretName, secretTest } from './secret-names.ts';

describe('isSecretName', () => {
  it.each([
    'password',
    'newPassword',
    'PASSWORD_CONFIRM',
    'passwd',
    'userpwd',
    'db_pass',
    'pass',
    'secret',
    'clientSecret',
    'token',
    'resetToken',
    'access_token',
    'idToken',
    'refreshtoken',
    'Authorization',
    'proxy-authorization',
    'auth',
    'cookie',
    'Set-Cookie',
    'cookies',
    'x-api-key',
    'apiKey',
    'APIKEY',
    'accessKeyId',
    'private_key',
    'credentials',
    'session',
    'sessionID',
    'connect.sid',
    'csrfToken',
    '_csrf',
    'jwt',
    'otp',
    'totpCode',
    'pin',
    'cvv',
    'cardNumber',
    'credit_card',
    'iban',
    'ssn',
    'X-Amz-Signature',
    'recoveryCodes',
    'rawHeaders',
  ])('%s is', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each([
    'user',
    'name',
    'author',
    'authority',
    'oauthProvider',
    'spin',
    'footprint',
    'opinion',
    'passenger',
    'compass',
    'key',
    'keys',
    'code',
    'side',
    'assignment',
    'id',
    'email',
    '',
    '__proto__',
  ])('%s is not', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});

describe('secretTest', () => {
  it.each([
    [['email'], ['email'], true],
    [['email'], ['body', 'user', 'E-Mail'], true],
    [['user_email'], ['userEmail'], true],
    [['email'], ['emails'], false],
    [['user.email'], ['user', 'email'], true],
    [['user.email'], ['body', 'user', 'email'], true],
    [['user.email'], ['email'], false],
    [['user.email'], ['user', 'contact', 'email'], false],
    [[], ['email'], false],
    [[], ['user', 'password'], true],
  ])('%j at %j: %s', (redact, path, secret) => {
    expect(secretTest(redact)(path)).toBe(secret);
  });
});
