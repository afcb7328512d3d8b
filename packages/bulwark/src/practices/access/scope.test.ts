import { describe, expect, it } from 'vitest';
import { ask } from '../../../test/support/ask.ts';
import { EXPRESS } from '../../../test/support/http.ts';
import { secure } from '../../secure.ts';
import { access, type Identity } from './index.ts';

const USERS: Record<string, Identity> = {
  user: { id: 'ann', roles: ['admin'] },
  reader: { id: 'ann', roles: ['admin'], scopes: ['orders:read'] },
  nothing: { id: 'ann', roles: ['admin'], scopes: [] },
};

describe.each(EXPRESS)('access.scope() on Express %s', (_version, express) => {
  it.each([true, false])('limits credentials that are limited, and nobody else (gate: %s)', async (gate) => {
    const app = express();
    const identify = (req: { headers: Record<string, unknown> }): Identity | undefined =>
      USERS[String(req.headers['x-user'])];
    if (gate) secure(app, { origins: 'https://shop.example', https: false, logging: false, access: { identify } });
    else app.use(access({ identify }));
    app.get('/read', access.scope('orders:read', 'orders:all'), (_req, res) => void res.send('read'));
    app.get('/write', access.scope('orders:write'), (_req, res) => void res.send('write'));
    app.get('/both', access.scope('orders:read'), access.role('admin'), (_req, res) => void res.send('both'));
    app.get('/plain', access.authenticated(), (_req, res) => void res.send('plain'));
    app.get('/admin', access.role('admin'), (_req, res) => void res.send('admin'));
    app.get('/public', access.public('a test'), (_req, res) => void res.send('public'));
    app.use((error: { status?: number }, _req: unknown, res: import('express').Response, _next: unknown) => {
      res.status(error.status ?? 500).end();
    });
    const statusesOf = async (user?: string): Promise<number[]> => {
      const targets = ['/read', '/write', '/both', '/plain', '/admin', '/public'];
      const headers = user === undefined ? {} : { 'x-user': user };
      return (await ask(app, ...targets.map((target) => ({ target, headers })))).map(({ status }) => status);
    };
    expect(await statusesOf('user')).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await statusesOf('reader')).toEqual([200, 403, 200, 403, 403, 200]);
    expect(await statusesOf('nothing')).toEqual([403, 403, 403, 403, 403, 200]);
    expect(await statusesOf()).toEqual([401, 401, 401, 401, 401, 200]);
  });
});

describe('access.scope()', () => {
  it('needs a name', () => {
    expect(() => access.scope(...([] as unknown as [string]))).toThrow(/access\.scope\(\)/);
    expect(() => access.scope('')).toThrow(/access\.scope\(\)/);
  });

  it('an identity whose scopes are no names lets nobody in', async () => {
    const [, express] = EXPRESS[1];
    const app = express();
    const identify = (): Identity => ({ id: 'ann', scopes: 'orders:read' as unknown as string[] });
    secure(app, { origins: 'https://shop.example', https: false, logging: false, access: { identify } });
    app.get('/read', access.scope('orders:read'), (_req, res) => void res.send('read'));
    const [answer] = await ask(app, { target: '/read' });
    expect(answer?.status).toBe(500);
  });
});
