import { describe, expect, it } from 'vitest';
import { faultOf, type KEY, make } from './fixtures/make.ts';

describe('the service', () => {
  it('refuses a schema that would take the session away', async () => {
    const { z } = await import('zod');
    const made = make({ schema: z.object({ sub: z.string() }) });
    expect(await faultOf(made.tokens.service.issue({ sub: 'ann', sid: 's' }))).toBe('ERR_TOKEN_CLAIM');
    const kept = make({ schema: z.object({ sub: z.string(), sid: z.string().optional(), role: z.enum(['clerk']) }) });
    const { accessToken } = await kept.tokens.service.issue({ sub: 'ann', sid: 's', role: 'clerk' });
    await expect(kept.tokens.service.verify(accessToken)).resolves.toMatchObject({
      sub: 'ann',
      sid: 's',
      role: 'clerk',
    });
    expect(await faultOf(kept.tokens.service.issue({ sub: 'ann', role: 'root' }))).toBe('ERR_TOKEN_CLAIM');
  });

  it('a schema that does not know scope or nbf does not lift them', async () => {
    const { z } = await import('zod');
    const schema = z.object({ sub: z.string(), sid: z.string().optional() });
    const made = make();
    const forgets = made.another({ schema });
    expect(await faultOf(forgets.service.issue({ sub: 'ann', scope: 'mail:read' }))).toBe('ERR_TOKEN_CLAIM');
    expect(await faultOf(forgets.service.issue({ sub: 'ann', nbf: made.clock.now() / 1000 + 60 }))).toBe(
      'ERR_TOKEN_CLAIM',
    );
    await expect(forgets.service.issue({ sub: 'ann' })).resolves.toMatchObject({ tokenType: 'Bearer' });
    // Issued where there was no schema yet: what `access.scope()` goes by is still there.
    const { accessToken } = await made.tokens.service.issue({ sub: 'ann', scope: 'mail:read' });
    await expect(forgets.service.verify(accessToken)).resolves.toMatchObject({ scope: 'mail:read' });
  });

  it('refuses a session id that looks like one of its own: nobody would be asked whether it is alive', async () => {
    const made = make({ isSessionAlive: () => false });
    expect(await faultOf(made.tokens.service.issue({ sub: 'ann', sid: 'token-1' }))).toBe('ERR_TOKEN_CLAIM');
    const { accessToken } = await made.tokens.service.issue({ sub: 'ann', sid: 'other' });
    expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('session-ended');
  });

  it('asks for both ends of a revocation at once, and forgets it when no token can be left', async () => {
    let waiting = 0;
    let most = 0;
    const made = make({}, (inner) => ({
      get: async (key) => {
        waiting++;
        most = Math.max(most, waiting);
        await new Promise(setImmediate);
        waiting--;
        return inner.get(key);
      },
      insert: (key, record) => inner.insert(key, record),
      replace: (key, version, record) => inner.replace(key, version, record),
      remove: (key) => inner.remove(key),
      list: (owner) => inner.list(owner),
    }));
    const { accessToken, jti, sid } = await made.tokens.service.issue({ sub: 'ann' }, { refresh: true });
    most = 0;
    await made.tokens.service.verify(accessToken);
    expect(most).toBe(3);
    const before = made.store.size;
    await made.tokens.service.revoke({ jti });
    await made.tokens.service.revoke({ sid: String(sid) });
    await made.tokens.service.revoke({ sid: String(sid) });
    expect(made.store.size).toBe(before + 2);
    expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('revoked');
    expect(await made.tokens.service.revoke({ token: 'a.b.c' })).toBe(false);
    expect(await faultOf(made.tokens.service.revoke({ sid: '' }))).toBe('ERR_CONFIG_VALUE');
  });

  it('a later revocation takes nothing back of an earlier one', async () => {
    const made = make();
    const { service } = made.tokens;
    const faults = (...all: readonly { readonly accessToken: string }[]): Promise<unknown[]> =>
      Promise.all(all.map(({ accessToken }) => faultOf(service.verify(accessToken))));
    const login = (sid: string) => service.issue({ sub: 'ann', sid }, { refresh: true });
    // The thief's session was ended with all others; then it is named as the one that goes on.
    const thief = await login('one');
    await service.revoke({ sub: 'ann' });
    made.clock.forward(10_000);
    const owner = await login('two');
    expect(await faults(thief, owner)).toEqual(['revoked', 'accepted']);
    for (const except of ['one', 'one', 'two', 'one']) {
      await service.revoke({ sub: 'ann', except });
      expect(await faults(thief)).toEqual(['revoked']);
      expect(await faultOf(service.refresh(thief.refreshToken))).toMatch(/revoked|refresh-unknown/);
    }
    expect(await faults(owner)).toEqual(['revoked']);
    // What the excepted session gets from then on is good, and stays so.
    made.clock.forward(10_000);
    const later = await login('one');
    await service.revoke({ sub: 'ann', except: 'one' });
    expect(await faults(later)).toEqual(['accepted']);
  });

  it('an end that is said wrongly does not make a revocation shorter', async () => {
    const made = make();
    const { accessToken, jti } = await made.tokens.service.issue({ sub: 'ann' });
    await made.tokens.service.revoke({ jti });
    await made.tokens.service.revoke({ jti, exp: 1 });
    made.clock.forward(10);
    expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('revoked');
    for (const exp of [Number.NaN, 'soon', new Date()]) {
      const given = { jti: 'other', exp: exp as number };
      expect(await faultOf(made.tokens.service.revoke(given))).toBe('ERR_CONFIG_VALUE');
    }
  });

  it('what is no text is no token, and no error of the app', async () => {
    const { service } = make({ apiKeys: {} }).tokens;
    for (const token of [undefined, null, 7, {}, ['bwk_']] as unknown as string[]) {
      expect(await service.revoke({ token })).toBe(false);
      expect(await faultOf(service.verify(token))).toBe('not-compact');
    }
  });

  it('after a user was revoked, new tokens are good again once clocks agree', async () => {
    const made = make();
    await made.tokens.service.revoke({ sub: 'ann' });
    const early = await made.tokens.service.issue({ sub: 'ann' });
    expect(await faultOf(made.tokens.service.verify(early.accessToken))).toBe('revoked');
    made.clock.forward(6000);
    const later = await made.tokens.service.issue({ sub: 'ann' });
    await expect(made.tokens.service.verify(later.accessToken)).resolves.toMatchObject({ sub: 'ann' });
  });

  it.each([
    [{ ttl: '25h' }, 'tokens.ttl'],
    [{ refresh: { grace: '2m' } }, 'tokens.refresh.grace'],
    [{ keys: { rotateEvery: '1h' } }, 'tokens.keys.rotateEvery'],
    [{ issuer: '' }, 'tokens.issuer'],
    [{ audience: [] }, 'tokens.audience'],
    [{ jwks: '//evil.example' }, 'tokens.jwks'],
    [{ algorithm: 'HS256' as 'EdDSA' }, 'tokens.algorithm'],
    [{ encryptionKey: 'text' as unknown as typeof KEY }, 'tokens.encryptionKey'],
    [{ secret: 'x' }, 'tokens.secret'],
  ])('options that it cannot have: %o', (options, field) => {
    const given: object = options;
    expect(() => make(given)).toThrow(expect.objectContaining({ name: 'ConfigError', field }));
  });
});
