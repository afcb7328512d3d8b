import { describe, expect, it } from 'vitest';
import { strictTransportSecurity } from './hsts.ts';

describe('strictTransportSecurity', () => {
  it.each([
    [{}, 'max-age=63072000; includeSubDomains'],
    [{ maxAge: 0 }, 'max-age=0; includeSubDomains'],
    [{ maxAge: '365d' }, 'max-age=31536000; includeSubDomains'],
    [{ includeSubDomains: false }, 'max-age=63072000'],
    [{ maxAge: 31_536_000, preload: true }, 'max-age=31536000; includeSubDomains; preload'],
  ])('%j is %s', (options, value) => {
    expect(strictTransportSecurity(options)).toBe(value);
  });

  it('is nothing when it is off', () => {
    expect(strictTransportSecurity(false)).toBeUndefined();
  });

  it.each([
    { preload: true, maxAge: 31_535_999 },
    { preload: true, includeSubDomains: false },
  ])('refuses what the preload list refuses: %j', (options) => {
    expect(() => strictTransportSecurity(options)).toThrow(/ERR_CONFIG_CONTRADICTION/);
  });

  it.each([{ maxAge: -1 }, { maxAge: 1.5 }, { maxAge: Number.NaN }, { maxAge: 'soon' }])('refuses %j', (options) => {
    expect(() => strictTransportSecurity(options)).toThrow(/https\.hsts\.maxAge.*ERR_CONFIG_VALUE/);
  });
});
