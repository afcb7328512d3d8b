import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../errors.ts';
import { csrf } from './index.ts';

const OWN = 'https://shop.example';
const TRUSTED = 'https://login.example';

const NAMES = [
  'origin',
  'host',
  'cookie',
  'authorization',
  'referer',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'x-http-method-override',
  'x-forwarded-host',
];
const value = fc.oneof(
  fc.constantFrom(OWN, TRUSTED, 'null', '', 'same-origin', 'same-site', 'cross-site', 'none', 'navigate', 'document'),
  fc.constantFrom('shop.example', '[', '::1', '%', 'a b', '__proto__', 'Basic', 'Basic x', `${OWN}, ${OWN}`),
  fc.string({ unit: 'binary' }),
  fc.webUrl(),
);
const request = fc.record({
  method: fc.oneof(fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'QUERY'), fc.string()),
  url: fc.oneof(
    fc.webPath(),
    fc.string(),
    fc.string().map((query) => `/?${query}`),
  ),
  headers: fc.dictionary(fc.constantFrom(...NAMES), value, { noNullPrototype: true }),
});

type Given = typeof request extends fc.Arbitrary<infer T> ? T : never;

function judge(given: Given, options: Parameters<typeof csrf>[0]): Refusal | undefined {
  const outcomes: unknown[] = [];
  const socket = { remoteAddress: '127.0.0.1', localPort: 80 };
  csrf(options)({ ...given, socket } as unknown as IncomingMessage, {} as never, (error) => void outcomes.push(error));
  expect(outcomes).toHaveLength(1);
  const [outcome] = outcomes;
  if (outcome !== undefined) expect(outcome).toBeInstanceOf(Refusal);
  return outcome as Refusal | undefined;
}

describe('whatever the headers hold', () => {
  it.each([
    ['with own origins', { origins: [OWN], trustedOrigins: [TRUSTED] }],
    ['alone', {}],
    ['by Origin alone', { origins: [OWN], fetchMetadata: false }],
  ])('csrf allows or refuses with 403, and never throws: %s', (_name, options) => {
    fc.assert(
      fc.property(request, (given) => {
        const refusal = judge(given, options);
        if (refusal !== undefined) expect(refusal.status).toBe(403);
      }),
      { numRuns: 2000 },
    );
  });

  it('a state change with a foreign Origin is allowed only where Sec-Fetch-Site vouches for it', () => {
    fc.assert(
      fc.property(request, fc.constantFrom('POST', 'PUT', 'DELETE', 'BREW'), (given, method) => {
        const { origin, 'sec-fetch-site': site } = given.headers;
        fc.pre(origin !== undefined && origin !== OWN && origin !== TRUSTED);
        const allowed = judge({ ...given, method }, { origins: [OWN], trustedOrigins: [TRUSTED] }) === undefined;
        expect(allowed).toBe(site === 'same-origin' || site === 'none');
      }),
      { numRuns: 2000 },
    );
  });
});
