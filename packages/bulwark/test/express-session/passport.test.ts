import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Served, serve } from '../support/http.ts';
import { Client } from './client.ts';
import { EXPRESS_SESSION, IMPLEMENTATIONS, type Implementation } from './implementations.ts';
import { mountPassport, stubbedRegenerate } from './passport-app.ts';

const open: Served[] = [];
afterEach(() => Promise.all(open.splice(0).map((served) => served.close())));

async function start(
  express: Express,
  implementation: Implementation,
  how: { keepSessionInfo?: boolean; stubbed?: boolean } = {},
): Promise<() => Client> {
  const { listener } = implementation.build(express, {}, (app) => {
    if (how.stubbed) app.use(stubbedRegenerate);
    mountPassport(app, express, how.keepSessionInfo);
  });
  const served = await serve(listener);
  open.push(served);
  return () => new Client(served.url, implementation.headers);
}

const RIGHT = { username: 'ann', password: 'correct horse' };

describe.each(EXPRESS)('passport 0.7 on Express %s', (_, express) => {
  describe.each(IMPLEMENTATIONS.map((one) => [one.name, one] as const))('over %s', (_name, implementation) => {
    it('logs in, knows the user in the next request, logs out', async () => {
      const client = (await start(express, implementation))();
      expect(await client.json('/me')).toBeNull();
      const login = await client.post('/login', RIGHT);
      expect([login.status, login.headers.location]).toEqual([302, '/me']);
      expect(await client.json('/me')).toBe('ann');
      const old = client.copy();
      expect((await client.post('/logout', {})).status).toBe(302);
      expect(await client.json('/me')).toBeNull();
      expect(await old.json('/me')).toBeNull();
    });

    it('a wrong password logs nobody in; the message waits in the session, once', async () => {
      const client = (await start(express, implementation))();
      const login = await client.post('/login', { username: 'ann', password: 'wrong' });
      expect([login.status, login.headers.location]).toEqual([302, '/login']);
      expect(await client.json('/login')).toEqual(['Wrong name or password.']);
      expect(await client.json('/login')).toEqual([]);
      expect(await client.json('/me')).toBeNull();
    });

    it('attack: a session that was planted before the login does not become the victim’s (CWE-384)', async () => {
      const make = await start(express, implementation);
      const attacker = make();
      await attacker.get('/basket?add=planted');
      const victim = attacker.copy();
      await victim.post('/login', RIGHT);
      expect(await victim.json('/me')).toBe('ann');
      expect(await attacker.json('/me')).toBeNull();
      expect(await attacker.copy().json('/me')).toBeNull();
      expect([...victim.jar.values()]).not.toEqual([...attacker.jar.values()]);
    });

    it('what was in the session before the login is gone, or kept with keepSessionInfo', async () => {
      for (const keepSessionInfo of [false, true]) {
        const client = (await start(express, implementation, { keepSessionInfo }))();
        await client.get('/basket?add=book');
        await client.post('/login', RIGHT);
        expect(await client.json('/basket')).toEqual(keepSessionInfo ? ['book'] : []);
        expect(await client.json('/me')).toBe('ann');
      }
    });

    it('a second login on the same browser is the second user’s alone', async () => {
      const client = (await start(express, implementation))();
      await client.post('/login', RIGHT);
      const first = client.copy();
      await client.post('/login', { username: 'bob', password: 'battery staple' });
      expect(await client.json('/me')).toBe('bob');
      expect(await first.json('/me')).toBeNull();
    });
  });

  it('control: with regenerate stubbed, as for cookie-session, the planted session is the victim’s', async () => {
    const make = await start(express, EXPRESS_SESSION, { stubbed: true });
    const attacker = make();
    await attacker.get('/basket?add=planted');
    const victim = attacker.copy();
    await victim.post('/login', RIGHT);
    expect(await attacker.json('/me')).toBe('ann');
  });
});
