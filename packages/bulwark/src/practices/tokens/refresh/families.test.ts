import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, distant, faultOf, KEY, keeping, type Made, MINUTE, make, recording } from '../fixtures/make.ts';
import type { IssuedPair, TokensOptions } from '../index.ts';
import { readRefreshToken, writeRefreshToken } from './refresh-token.ts';

const login = (made: Made, more: object = {}): Promise<IssuedPair> =>
  made.tokens.service.issue({ sub: 'ann', ...more }, { refresh: true });
const reuses = ({ events }: Made): number => events.filter(({ event }) => event === 'authn_token_reuse').length;

describe('refresh tokens', () => {
  it('are used once, and give new tokens for the same user and session', async () => {
    const made = make();
    const first = await login(made, { roles: ['clerk'] });
    const second = await made.tokens.service.refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(second.sid).toBe(first.sid);
    await expect(made.tokens.service.verify(second.accessToken)).resolves.toMatchObject({
      sub: 'ann',
      roles: ['clerk'],
    });
    const third = await made.tokens.service.refresh(second.refreshToken);
    expect(third.jti).not.toBe(second.jti);
  });

  it('lie in the store as hashes only: no part of a token is found there', async () => {
    let written = new Map<string, string>();
    const made = make({}, (inner) => {
      const kept = recording(inner);
      written = kept.written;
      return kept.store;
    });
    let pair = await login(made);
    // Those that were used too: with its salt, the last of them makes the one that is good.
    const parts: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { family, turn } = readRefreshToken(pair.refreshToken) ?? { family: '', turn: '' };
      expect(family).toHaveLength(43);
      parts.push(family, turn);
      const text = [...written].join('\n');
      for (const part of parts) expect(text).not.toContain(part);
      pair = await made.tokens.service.refresh(pair.refreshToken);
    }
  });

  it.each(['here', 'at a distance'])('twenty parallel uses of one: one line goes on (store %s)', async (where) => {
    const made = make({}, where === 'here' ? undefined : distant);
    const { refreshToken } = await login(made);
    const all = await Promise.all(Array.from({ length: 20 }, () => made.tokens.service.refresh(refreshToken)));
    expect(new Set(all.map((pair) => pair.refreshToken)).size).toBe(1);
    expect(reuses(made)).toBe(0);
    const [one] = all;
    await expect(made.tokens.service.refresh(one?.refreshToken ?? '')).resolves.toMatchObject({ sid: one?.sid });
  });

  it('a race between processes whose clocks differ is one too', async () => {
    const made = make();
    const behind = made.another({ now: () => made.clock.now() - 2000 });
    const { refreshToken } = await login(made);
    const one = await made.tokens.service.refresh(refreshToken);
    const two = await behind.service.refresh(refreshToken);
    expect(two.refreshToken).toBe(one.refreshToken);
  });

  it('without grace, of twenty parallel uses one succeeds, and the family ends', async () => {
    const made = make({ refresh: { grace: 0 } }, distant);
    const { refreshToken } = await login(made);
    const faults = await Promise.all(
      Array.from({ length: 20 }, () => faultOf(made.tokens.service.refresh(refreshToken))),
    );
    expect(faults.filter((fault) => fault === 'accepted')).toHaveLength(1);
    expect(reuses(made)).toBe(1);
    expect(await faultOf(made.tokens.service.refresh(refreshToken))).toBe('refresh-unknown');
  });

  it('a used one ends its family after the grace, with the access tokens that came out of it', async () => {
    const made = make();
    const first = await login(made);
    const second = await made.tokens.service.refresh(first.refreshToken);
    made.clock.forward(10_000);
    expect(await faultOf(made.tokens.service.refresh(first.refreshToken))).toBe('refresh-reused');
    expect(made.events.filter(({ event }) => event === 'authn_token_reuse')).toEqual([
      expect.objectContaining({ level: 'CRITICAL', details: { user: 'ann', endsWith: first.sid } }),
    ]);
    expect(await faultOf(made.tokens.service.refresh(second.refreshToken))).toBe('refresh-unknown');
    for (const { accessToken } of [first, second]) {
      expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('revoked');
    }
  });

  it('a used one ends its family at once where its successor was used too', async () => {
    const made = make();
    const first = await login(made);
    const second = await made.tokens.service.refresh(first.refreshToken);
    await made.tokens.service.refresh(second.refreshToken);
    expect(await faultOf(made.tokens.service.refresh(first.refreshToken))).toBe('refresh-reused');
    expect(reuses(made)).toBe(1);
  });

  it('the thief and the owner: whoever is second ends it for both, in either order', async () => {
    for (const thiefFirst of [true, false]) {
      const made = make();
      const { refreshToken: stolen } = await login(made);
      const thief = (token: string): Promise<IssuedPair> => made.tokens.service.refresh(token);
      const won = await thief(stolen);
      made.clock.forward(thiefFirst ? 20_000 : 3_600_000);
      expect(await faultOf(made.tokens.service.refresh(stolen))).toBe('refresh-reused');
      expect(await faultOf(thief(won.refreshToken))).toBe('refresh-unknown');
      expect(await faultOf(made.tokens.service.verify(won.accessToken))).toMatch(/revoked|expired/);
    }
  });

  it('a reuse that many show at once is told once', async () => {
    const made = make({}, distant);
    const first = await login(made);
    await made.tokens.service.refresh(first.refreshToken);
    made.clock.forward(20_000);
    const faults = await Promise.all(
      Array.from({ length: 10 }, () => faultOf(made.tokens.service.refresh(first.refreshToken))),
    );
    expect(new Set(faults)).toEqual(new Set(['refresh-reused']));
    expect(reuses(made)).toBe(1);
  });

  it('a reuse is told of even where the store fails while the family ends', async () => {
    let down = false;
    const made = make({}, (inner) => ({
      get: (key) => inner.get(key),
      insert: (key, record) => (down ? Promise.reject(new Error('connection lost')) : inner.insert(key, record)),
      replace: (key, version, record) => inner.replace(key, version, record),
      remove: (key) => inner.remove(key),
      list: (owner) => inner.list(owner),
    }));
    const first = await login(made);
    await made.tokens.service.refresh(first.refreshToken);
    made.clock.forward(20_000);
    down = true;
    expect(await faultOf(made.tokens.service.refresh(first.refreshToken))).toBe('ERR_UNAVAILABLE');
    expect(reuses(made)).toBe(1);
  });

  it('what nobody was given ends nothing: not even with the id of a family that somebody knows', async () => {
    const made = make();
    const { refreshToken } = await login(made);
    const { turn } = readRefreshToken(refreshToken) ?? { turn: '' };
    const other = writeRefreshToken({ family: Buffer.alloc(32, 7).toString('base64url'), turn });
    expect(await faultOf(made.tokens.service.refresh(other))).toBe('refresh-unknown');
    for (const text of [
      '',
      'bwr_',
      refreshToken.slice(0, -1),
      `${refreshToken}A`,
      ` ${refreshToken}`,
      refreshToken.replace('.', '_'),
      refreshToken.toUpperCase(),
    ]) {
      expect(await faultOf(made.tokens.service.refresh(text))).toMatch(/refresh-(?:malformed|unknown)/);
    }
    expect(await faultOf(made.tokens.service.refresh(undefined as unknown as string))).toBe('refresh-malformed');
    await expect(made.tokens.service.refresh(refreshToken)).resolves.toMatchObject({ tokenType: 'Bearer' });
  });

  it('end when they are idle, and in the end however often they are used', async () => {
    const idle = make();
    const { refreshToken } = await login(idle);
    idle.clock.forward(7 * DAY + 1);
    expect(await faultOf(idle.tokens.service.refresh(refreshToken))).toBe('refresh-unknown');

    const busy = make();
    let pair = await login(busy);
    for (let day = 0; day < 29; day++) {
      busy.clock.forward(DAY);
      pair = await busy.tokens.service.refresh(pair.refreshToken);
    }
    busy.clock.forward(DAY + 1);
    expect(await faultOf(busy.tokens.service.refresh(pair.refreshToken))).toMatch(/refresh-unknown|expired/);
  });

  it('end in the end even where the store keeps them for longer', async () => {
    const made = make({}, keeping);
    const { refreshToken } = await login(made);
    made.clock.forward(30 * DAY);
    expect(await faultOf(made.tokens.service.refresh(refreshToken))).toBe('expired');
    expect(await faultOf(made.tokens.service.refresh(refreshToken))).toBe('refresh-unknown');
  });

  it('end with the session that they belong to, and so do access tokens', async () => {
    const alive = new Set(['session-1']);
    const made = make({ isSessionAlive: async (sid) => alive.has(sid) });
    const pair = await login(made, { sid: 'session-1' });
    await expect(made.tokens.service.verify(pair.accessToken)).resolves.toMatchObject({ sid: 'session-1' });
    alive.clear();
    expect(await faultOf(made.tokens.service.verify(pair.accessToken))).toBe('session-ended');
    expect(await faultOf(made.tokens.service.refresh(pair.refreshToken))).toBe('session-ended');
    // The family is gone: it does not come back with a session of the same id.
    alive.add('session-1');
    expect(await faultOf(made.tokens.service.refresh(pair.refreshToken))).toBe('refresh-unknown');
  });

  it('a session that nobody can be asked about refuses', async () => {
    const made = make({ isSessionAlive: () => Promise.reject(new Error('store down')) });
    const pair = await login(made, { sid: 'session-1' });
    await expect(made.tokens.service.verify(pair.accessToken)).rejects.toThrow();
    await expect(made.tokens.service.refresh(pair.refreshToken)).rejects.toThrow();
  });

  it('take roles as they are now, and cannot change whose they are', async () => {
    let roles: string[] | undefined = ['clerk'];
    const claims = (given: object): ReturnType<NonNullable<NonNullable<TokensOptions['refresh']>['claims']>> =>
      roles && { ...given, sub: 'root', sid: 'other', roles };
    const made = make({ refresh: { claims } });
    const first = await login(made, { roles: ['admin'] });
    const second = await made.tokens.service.refresh(first.refreshToken);
    const verified = await made.tokens.service.verify(second.accessToken);
    expect(verified).toMatchObject({ sub: 'ann', sid: first.sid, roles: ['clerk'] });
    roles = undefined;
    expect(await faultOf(made.tokens.service.refresh(second.refreshToken))).toBe('revoked');
    expect(await faultOf(made.tokens.service.refresh(second.refreshToken))).toBe('refresh-unknown');
  });

  it('revoked by session, by user or by themselves, they end', async () => {
    const bySid = make();
    const one = await login(bySid);
    await bySid.tokens.service.revoke({ sid: one.sid });
    expect(await faultOf(bySid.tokens.service.refresh(one.refreshToken))).toBe('revoked');

    const byUser = make();
    const [lost, kept] = [await login(byUser), await login(byUser)];
    await byUser.tokens.service.revoke({ sub: 'ann', except: kept.sid });
    byUser.clock.forward((20 * DAY) / 10);
    expect(await faultOf(byUser.tokens.service.refresh(lost.refreshToken))).toBe('revoked');
    await expect(byUser.tokens.service.refresh(kept.refreshToken)).resolves.toMatchObject({ sid: kept.sid });

    const byToken = make();
    const three = await login(byToken);
    expect(await byToken.tokens.service.revoke({ token: three.refreshToken })).toBe(true);
    expect(await byToken.tokens.service.revoke({ token: three.refreshToken })).toBe(false);
    expect(await faultOf(byToken.tokens.service.verify(three.accessToken))).toBe('revoked');
  });

  it('an end while a refresh is under way is not undone by it', async () => {
    const made = make({}, distant);
    const { refreshToken } = await login(made);
    const [refreshed, ended] = await Promise.all([
      faultOf(made.tokens.service.refresh(refreshToken)),
      made.tokens.service.revoke({ token: refreshToken }),
    ]);
    expect(ended).toBe(true);
    expect(['accepted', 'refresh-unknown', 'revoked']).toContain(refreshed);
    expect(await faultOf(made.tokens.service.refresh(refreshToken))).toMatch(/^refresh-unknown$/);
  });

  it('any order of uses: never are two tokens of a family good at the same time for long, and a reuse ends all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ which: fc.nat(5), wait: fc.constantFrom(0, 5000, 10_001, MINUTE) }), { maxLength: 12 }),
        async (steps) => {
          const made = make({ encryptionKey: KEY });
          const given = [(await login(made)).refreshToken];
          let usedAt = Number.NEGATIVE_INFINITY;
          let ended = false;
          for (const { which, wait } of steps) {
            made.clock.forward(wait);
            const index = Math.max(0, given.length - 1 - which);
            const isLast = index === given.length - 1;
            const inGrace = index === given.length - 2 && made.clock.now() - usedAt < 10_000;
            const result = await made.tokens.service.refresh(given[index] ?? '').catch(() => undefined);
            expect(result !== undefined).toBe(!ended && (isLast || inGrace));
            if (result === undefined) ended = true;
            else if (isLast) {
              given.push(result.refreshToken);
              usedAt = made.clock.now();
            } else expect(result.refreshToken).toBe(given.at(-1));
          }
          if (ended) expect(reuses(made)).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });
});
