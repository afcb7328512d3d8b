import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Received } from '../../../packages/bulwark/test/support/http.ts';
import { PASSWORD, type Running, start } from './support/server.ts';

let server: Running;
beforeEach(async () => {
  server = await start();
});
afterEach(() => server.close());

const cookieOf = ({ headers }: Received): string =>
  (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0]).join('; ');
const signIn = (password = PASSWORD): Promise<Received> => server.submit('/sign-in', { name: 'owner', password });
const devices = (cookie: string): Promise<Received> => server.ask('/devices', { headers: { cookie } });
const post = (path: string, cookie: string): Promise<Received> =>
  server.ask(path, {
    method: 'POST',
    headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
  });
/** The id of the session that a page offers to end. */
const endable = (page: Received): string | undefined => /\/devices\/([\w-]{22})\/end/.exec(page.body)?.[1];

describe('signing in', () => {
  it('lets the owner in, and nobody else', async () => {
    expect((await server.ask('/devices')).status).toBe(401);
    const wrong = await signIn('not the password of anybody');
    expect([wrong.status, cookieOf(wrong)]).toEqual([401, '']);
    expect(wrong.body).toContain('do not go together');
    const right = await signIn();
    expect([right.status, right.headers.location]).toEqual([303, '/devices']);
    expect(right.headers['set-cookie']?.join()).toMatch(
      /__Host-session=[\w-]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax/,
    );
    const page = await devices(cookieOf(right));
    expect(page.status).toBe(200);
    expect(page.body).toContain('this one');
    expect(page.headers['cache-control']).toContain('no-store');
  });

  it('shows the devices, and ends one of them, the others, and itself', async () => {
    const [first, second, third] = [cookieOf(await signIn()), cookieOf(await signIn()), cookieOf(await signIn())];
    const other = endable(await devices(first));
    expect((await post(`/devices/${other}/end`, first)).status).toBe(303);
    const left = [await devices(second), await devices(third)].map(({ status }) => status);
    expect(left.toSorted((a, b) => a - b)).toEqual([200, 401]);
    expect((await post(`/devices/${other}/end`, first)).status).toBe(404);
    await post('/devices/end-others', first);
    expect([(await devices(second)).status, (await devices(third)).status]).toEqual([401, 401]);
    expect((await post('/sign-out', first)).status).toBe(303);
    expect((await devices(first)).status).toBe(401);
  });

  it('knows its sessions after a restart', async () => {
    const cookie = cookieOf(await signIn());
    const { dataDir } = server;
    await server.close();
    server = await start(dataDir);
    expect((await devices(cookie)).status).toBe(200);
  });

  it('slows guesses down, by page and by API together', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) {
      statuses.push((await signIn(`guess number ${i}`)).status);
      statuses.push((await server.call('POST', '/api/tokens', { name: 'owner', password: `guess ${i}` })).status);
    }
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThan(3);
    expect(statuses.at(-1)).toBe(429);
  });

  it('gives programs tokens, renews them once, and says who calls', async () => {
    const issued = (await server.call('POST', '/api/tokens', { name: 'owner', password: PASSWORD })).json();
    const me = (token: unknown): Promise<Received> =>
      server.ask('/api/me', { headers: { authorization: `Bearer ${String(token)}` } });
    expect((await me(issued.access_token)).json()).toEqual({ id: 'owner' });
    expect((await me('x')).status).toBe(401);
    const renewed = await server.call('POST', '/api/tokens/refresh', { refresh_token: issued.refresh_token });
    expect(renewed.status).toBe(200);
    expect((await me(renewed.json().access_token)).status).toBe(200);
    const used = await server.call('POST', '/api/tokens/refresh', { refresh_token: renewed.json().refresh_token });
    expect(used.status).toBe(200);
    const again = await server.call('POST', '/api/tokens/refresh', { refresh_token: issued.refresh_token });
    expect(again.status).toBe(401);
  });
});
