import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import { access, secure } from '../../index.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import { logIn, logOut, sessions, sessionsOf } from './index.ts';

describe.each(EXPRESS)('sessions on Express %s', (_v, express) => {
  it('works', async () => {
    const app = express();
    const store = memoryRecordStore();
    app.use(sessions({ store, origins: ['http://localhost'] }) as never);
    app.get('/n', (req, res) => {
      const s = (req as never as { session: { n?: number; id: string } }).session;
      s.n = (s.n ?? 0) + 1;
      res.json({ n: s.n, id: s.id });
    });
    app.get('/look', (req, res) => void res.json({ ...(req as never as { session: object }).session }));
    app.get('/in', async (req, res) => {
      await logIn(req, { id: 'bob' });
      res.json(await sessionsOf(req).list());
    });
    app.get('/out', async (req, res) => {
      await logOut(req);
      res.send('bye');
    });
    const { url, close } = await serve(app);
    try {
      const a = await send(url, { target: '/look' });
      console.log(a.status, a.headers, a.body);
      const b = await send(url, { target: '/n' });
      console.log(b.status, b.headers, b.body);
      const cookie = String(b.headers['set-cookie']).split(';')[0];
      const c = await send(url, { target: '/n', headers: { cookie } });
      console.log(c.status, c.headers, c.body, store.size);
      const d = await send(url, { target: '/in', headers: { cookie } });
      console.log(d.status, d.headers, d.body);
      const cookie2 = String(d.headers['set-cookie']).split(';')[0];
      console.log((await send(url, { target: '/look', headers: { cookie } })).body);
      console.log((await send(url, { target: '/look', headers: { cookie: cookie2 } })).body);
      console.log((await send(url, { target: '/out', headers: { cookie: cookie2 } })).headers);
      console.log((await send(url, { target: '/look', headers: { cookie: cookie2 } })).body, store.size);
    } finally {
      await close();
    }
  });
});
