import { describe, expect, it } from 'vitest';
import { changesOf, type Loaded } from './changes.ts';
import type { Session } from './session.ts';

const DATA = { cart: '["book"]', n: '1' };

describe.each([
  ['written', { data: DATA, maxAge: null }],
  ['read', { data: DATA, values: { cart: ['book'], n: 1 }, maxAge: null }],
] as const)('what a request has changed since it was %s', (_how, LOADED: Loaded) => {
  /** What differs in a session that holds this now. */
  function changed(data: object, maxAge: number | null = null): Readonly<Record<string, string>> | undefined {
    const session = Object.assign(Object.create(null) as object, data, { cookie: { originalMaxAge: maxAge } });
    const state = { secret: '', data: LOADED.data, createdAt: 0, seenAt: 0, rotatedAt: 0, device: '' };
    return changesOf(session as unknown as Session, LOADED, 1)?.apply(state).data;
  }

  it('is nothing where every key is as it was, in whatever order', () => {
    expect(changed({ cart: ['book'], n: 1 })).toBeUndefined();
    expect(changed({ n: 1, cart: ['book'] })).toBeUndefined();
  });

  it.each([
    ['a key is written', { cart: ['book'], n: 2 }, { cart: '["book"]', n: '2' }],
    ['something inside a key is', { cart: ['book', 'pen'], n: 1 }, { cart: '["book","pen"]', n: '1' }],
    ['a key is added', { cart: ['book'], n: 1, m: 1 }, { cart: '["book"]', n: '1', m: '1' }],
    ['a key goes', { cart: ['book'] }, { cart: '["book"]' }],
    ['one goes and another comes', { cart: ['book'], m: 1 }, { cart: '["book"]', m: '1' }],
    ['a key becomes another kind', { cart: ['book'], n: '1' }, { cart: '["book"]', n: '"1"' }],
    ['a key becomes undefined', { cart: ['book'], n: undefined }, { cart: '["book"]' }],
  ])('is found where %s', (_what, data, expected) => {
    expect(changed(data)).toEqual(expected);
  });

  it('is found where only the age of the cookie is another', () => {
    expect(changed({ cart: ['book'], n: 1 }, 5000)).toEqual(LOADED.data);
  });

  it('is found in an object that the session was given with what was read', () => {
    const cart = ['book'];
    const session = { cart, n: 1, cookie: { originalMaxAge: null } } as unknown as Session;
    const loaded = { ...LOADED, ...(LOADED.values === undefined ? {} : { values: { cart, n: 1 } }) };
    expect(changesOf(session, loaded, 1)).toBeUndefined();
    cart.push('pen');
    expect(changesOf(session, loaded, 1)?.written.data.cart).toBe('["book","pen"]');
  });
});
