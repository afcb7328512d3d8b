import { attributesOf } from './client.ts';
import { COMMON, type Row } from './rows.ts';

const HOUR = 3_600_000;

/** What `req.session`, its cookie and its id look like to code that holds them. */
export const OBJECT_ROWS: readonly Row[] = [
  {
    name: 'keys are the cookie and the data; neither methods, nor id, nor req',
    routes: {
      ...COMMON,
      '/keys': (req, res) => {
        req.session.n = 1;
        const seen: string[] = [];
        for (const key in req.session) seen.push(key);
        const json = JSON.parse(JSON.stringify(req.session)) as object;
        res.json([Object.keys(req.session), seen, Object.keys(Object.assign({}, req.session)), Object.keys(json)]);
      },
    },
    run: ({ visitor }) => visitor.json('/keys'),
    expected: Array.from({ length: 4 }, () => ['cookie', 'n']),
  },
  {
    name: 'keys of a session that was read from the store',
    routes: {
      ...COMMON,
      '/keys': (req, res) => {
        res.json([
          Object.keys(req.session).sort(),
          Object.keys(JSON.parse(JSON.stringify(req.session)) as object).sort(),
        ]);
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/set?n=1');
      return visitor.json('/keys');
    },
    expected: [
      ['cookie', 'n'],
      ['cookie', 'n'],
    ],
  },
  {
    name: 'the id is text, the same in req.sessionID, and stays over requests',
    routes: {
      ...COMMON,
      '/ids': (req, res) => {
        res.json([typeof req.sessionID, req.session.id === req.sessionID, req.sessionID]);
      },
    },
    run: async ({ visitor }) => {
      const { id } = (await visitor.get('/set?n=1')).json<{ id: string }>();
      const [type, same, next] = await visitor.json<[string, boolean, string]>('/ids');
      return [type, same, next === id, next.length >= 16];
    },
    expected: ['string', true, true, true],
  },
  {
    name: 'an id that the client made up is not taken',
    routes: COMMON,
    run: async ({ visitor }) => {
      await visitor.get('/set?n=1');
      const [[name, value] = ['', '']] = [...visitor.jar];
      visitor.jar.set(name, `${value.slice(0, -4)}AAAA`);
      const forged = await visitor.json('/get');
      visitor.jar.set(name, 'fixed');
      const { id } = await visitor.json<{ id: string }>('/set?n=2');
      return [forged, id === 'fixed', visitor.jar.get(name) === 'fixed'];
    },
    expected: [{}, false, false],
  },
  {
    name: 'without maxAge the cookie ends with the browser; maxAge and expires say so',
    routes: {
      ...COMMON,
      '/cookie': (req, res) => {
        const { maxAge, originalMaxAge, expires } = req.session.cookie;
        res.json([maxAge, originalMaxAge, expires]);
      },
    },
    run: async ({ visitor }) => {
      const { cookies } = await visitor.get('/set?n=1');
      return [
        attributesOf(cookies).filter((name) => name === 'expires' || name === 'max-age'),
        await visitor.json('/cookie'),
      ];
    },
    expected: [[], [null, null, null]],
  },
  {
    name: 'cookie.maxAge can be set: the cookie gets it, and the next request finds it running',
    routes: {
      ...COMMON,
      '/remember': (req, res) => {
        req.session.cookie.maxAge = HOUR;
        req.session.user = 'bob';
        res.end();
      },
      '/cookie': (req, res) => {
        const { maxAge, originalMaxAge, expires } = req.session.cookie;
        const left = typeof maxAge === 'number' && maxAge > HOUR - 60_000 && maxAge <= HOUR;
        res.json([left, originalMaxAge, expires instanceof Date]);
      },
    },
    run: async ({ visitor }) => {
      const { cookies } = await visitor.get('/remember');
      return [
        attributesOf(cookies).filter((name) => /expires|max-age/.test(name)).length > 0,
        await visitor.json('/cookie'),
      ];
    },
    expected: [true, [true, HOUR, true]],
  },
  {
    name: 'cookie.expires can be set to a Date, and to false for a cookie that ends with the browser',
    options: { maxAge: HOUR },
    routes: {
      ...COMMON,
      '/date': (req, res) => {
        req.session.cookie.expires = new Date(Date.now() + HOUR / 2);
        const { maxAge } = req.session.cookie;
        req.session.user = 'bob';
        res.json(typeof maxAge === 'number' && maxAge <= HOUR / 2);
      },
      '/false': (req, res) => {
        (req.session.cookie as { expires: unknown }).expires = false;
        req.session.user = 'bob';
        res.json(Boolean(req.session.cookie.maxAge));
      },
    },
    run: async ({ visitor, other }) => {
      const lasting = (cookies: readonly string[]) =>
        attributesOf(cookies).some((name) => /expires|max-age/.test(name));
      const date = await visitor.get('/date');
      const none = await other.get('/false');
      return [date.json(), lasting(date.cookies), none.json(), lasting(none.cookies)];
    },
    expected: [true, true, false, false],
  },
  {
    name: 'touch and resetMaxAge set the time back to the original',
    options: { maxAge: HOUR },
    routes: {
      ...COMMON,
      '/touch': (req, res) => {
        const { cookie } = req.session;
        const results: boolean[] = [];
        for (const method of ['touch', 'resetMaxAge'] as const) {
          const original = cookie.originalMaxAge;
          cookie.expires = new Date(Date.now() + 1000);
          cookie.originalMaxAge = original;
          req.session[method]();
          results.push(Number(cookie.maxAge) > HOUR - 1000);
        }
        res.json(results);
      },
    },
    run: ({ visitor }) => visitor.json('/touch'),
    expected: [true, true],
  },
  {
    name: 'the cookie as JSON: what express-session’s stores and tools read',
    options: { maxAge: HOUR },
    routes: {
      ...COMMON,
      '/cookie': (req, res) => {
        const json = JSON.parse(JSON.stringify(req.session.cookie)) as Record<string, unknown>;
        const { originalMaxAge, path, httpOnly, expires } = json;
        const viaMethod = Object.keys(req.session.cookie.toJSON());
        res.json([originalMaxAge, path, httpOnly, typeof expires, viaMethod.includes('originalMaxAge')]);
      },
    },
    run: ({ visitor }) => visitor.json('/cookie'),
    expected: [HOUR, '/', true, 'string', true],
  },
  {
    name: 'with maxAge a changed session sends its cookie again, an unchanged one does not',
    options: { maxAge: HOUR },
    routes: COMMON,
    run: async ({ visitor }) => {
      const counts: number[] = [];
      for (const path of ['/set?n=1', '/get', '/set?n=2']) counts.push((await visitor.get(path)).cookies.length);
      return counts;
    },
    expected: [1, 0, 1],
  },
  {
    name: 'rolling: each response sends the cookie again, but none to a visitor without a session',
    options: { maxAge: HOUR, rolling: true },
    routes: COMMON,
    run: async ({ visitor }) => {
      const counts: number[] = [];
      for (const path of ['/get', '/set?n=1', '/get', '/untouched'])
        counts.push((await visitor.get(path)).cookies.length);
      return counts;
    },
    expected: [0, 1, 1, 1],
    bulwark: {
      expected: [0, 1, 0, 0],
      because:
        'each request keeps the session alive; the cookie is sent again with each write of when it was last seen',
    },
  },
  {
    name: 'req.session = null',
    routes: {
      ...COMMON,
      '/null': (req, res) => {
        (req as { session: unknown }).session = null;
        res.json(Boolean(req.session));
      },
    },
    run: async ({ visitor, store }) => {
      await visitor.get('/set?n=1');
      const old = visitor.copy();
      return [await visitor.json('/null'), await old.json('/get'), await store.count()];
    },
    expected: [false, { n: '1' }, 1],
    bulwark: {
      expected: [false, {}, 0],
      because: 'it ends the session, as with unset: "destroy" and as in cookie-session, where it is the way to log out',
    },
  },
  {
    name: 'delete req.session',
    routes: {
      ...COMMON,
      '/delete': (req, res) => {
        delete (req as { session?: unknown }).session;
        res.json(typeof req.session);
      },
    },
    run: async ({ visitor, store }) => {
      await visitor.get('/set?n=1');
      const old = visitor.copy();
      return [await visitor.json('/delete'), await old.json('/get'), await store.count()];
    },
    expected: ['undefined', { n: '1' }, 1],
  },
  {
    name: 'a store that is down: the request ends in the error handler, and heals',
    routes: COMMON,
    run: async ({ visitor, store }) => {
      await visitor.get('/set?n=1');
      store.failAfter(0, 'read');
      const { status } = await visitor.get('/get');
      return [status, await visitor.json('/get')];
    },
    expected: [500, { n: '1' }],
    bulwark: {
      expected: [503, { n: '1' }],
      because: 'a store that is down is no bug of the app: the client is told to come again',
    },
  },
];
