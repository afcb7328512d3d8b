import { COMMON, HOLDING, hold, type Row, tell } from './rows.ts';

/** The methods of a session. */
export const METHOD_ROWS: readonly Row[] = [
  {
    name: 'regenerate gives a new id and an empty session; the old cookie opens nothing',
    routes: {
      ...COMMON,
      '/regenerate': (req, res) => {
        const { sessionID: before, session: old } = req;
        req.session.regenerate((error) => {
          const fresh = req.session !== old && req.sessionID !== before && req.session.id === req.sessionID;
          res.json({ failed: error instanceof Error, fresh, keys: Object.keys(req.session) });
        });
      },
    },
    run: async ({ visitor, store }) => {
      await visitor.get('/set?n=1');
      const old = visitor.copy();
      const answer = await visitor.json('/regenerate');
      return [answer, await visitor.json('/get'), await old.json('/get'), await store.count()];
    },
    expected: [{ failed: false, fresh: true, keys: ['cookie'] }, {}, {}, 1],
    bulwark: {
      expected: [{ failed: false, fresh: true, keys: ['cookie'] }, {}, {}, 0],
      because: 'a session into which nothing was written is not kept, a regenerated one neither',
    },
  },
  {
    name: 'what is written after regenerate is kept, under a new cookie',
    routes: {
      ...COMMON,
      '/login': (req, res, next) => {
        req.session.regenerate((error) => {
          if (error) return next(error);
          req.session.user = 'bob';
          res.json(req.sessionID);
        });
      },
    },
    run: async ({ visitor, store }) => {
      const before = (await visitor.get('/set?n=1')).json<{ id: string }>().id;
      const old = visitor.copy();
      const answer = await visitor.get('/login');
      const after = await visitor.json('/id');
      return [
        answer.cookies.length,
        answer.json() === after,
        after === before,
        await visitor.json('/get'),
        await old.json('/get'),
        await store.count(),
      ];
    },
    expected: [1, true, false, { user: 'bob' }, {}, 1],
  },
  {
    name: 'regenerate of a visitor’s empty session',
    routes: {
      ...COMMON,
      '/login': (req, res) => {
        req.session.regenerate(() => {
          req.session.user = 'bob';
          res.end();
        });
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/login');
      return visitor.json('/get');
    },
    expected: { user: 'bob' },
  },
  {
    name: 'destroy removes: req.session is undefined, the store is empty, the cookie opens nothing',
    routes: {
      ...COMMON,
      '/destroy': (req, res) => {
        req.session.destroy((error) => {
          res.json({ failed: error instanceof Error, session: typeof req.session });
        });
      },
    },
    run: async ({ visitor, store }) => {
      await visitor.get('/set?n=1');
      const old = visitor.copy();
      return [await visitor.json('/destroy'), await store.count(), await old.json('/get')];
    },
    expected: [{ failed: false, session: 'undefined' }, 0, {}],
  },
  {
    name: 'the browser’s cookie after destroy',
    routes: {
      ...COMMON,
      '/destroy': (req, res) => {
        req.session.destroy(() => res.end());
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/set?n=1');
      await visitor.get('/destroy');
      return visitor.jar.size;
    },
    expected: 1,
    bulwark: {
      expected: 0,
      because: 'the cookie of an ended session is cleared; a clearCookie of the app does no harm',
    },
  },
  {
    name: 'destroy needs no callback',
    routes: {
      ...COMMON,
      '/destroy': (req, res) => {
        req.session.destroy();
        res.json(typeof req.session);
      },
    },
    run: async ({ visitor, store }) => {
      await visitor.get('/set?n=1');
      return [await visitor.json('/destroy'), await visitor.json('/get'), await store.count()];
    },
    expected: ['undefined', {}, 0],
  },
  {
    name: 'what is written to a destroyed session is not kept',
    routes: {
      ...COMMON,
      '/destroy': (req, res) => {
        const { session } = req;
        session.destroy(() => {
          session.n = 2;
          res.end();
        });
      },
    },
    run: async ({ visitor, store }) => {
      await visitor.get('/set?n=1');
      const old = visitor.copy();
      await visitor.get('/destroy');
      return [await old.json('/get'), await store.count()];
    },
    expected: [{}, 0],
  },
  {
    name: 'reload reads again: changes that were not saved are gone, req.session is a new object',
    routes: {
      ...COMMON,
      '/reload': (req, res) => {
        const { session, sessionID } = req;
        session.n = 'changed';
        session.reload((error) => {
          const { n } = req.session;
          res.json({
            failed: error instanceof Error,
            n,
            isNew: req.session !== session,
            sameId: req.session.id === sessionID,
          });
        });
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/set?n=1');
      return [await visitor.json('/reload'), await visitor.json('/get')];
    },
    expected: [{ failed: false, n: '1', isNew: true, sameId: true }, { n: '1' }],
  },
  {
    name: 'what is written after reload is kept',
    routes: {
      ...COMMON,
      '/reload': (req, res) => {
        req.session.reload(() => {
          req.session.m = 2;
          res.end();
        });
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/set?n=1');
      await visitor.get('/reload');
      return visitor.json('/get');
    },
    expected: { n: '1', m: 2 },
  },
  {
    name: 'reload sees what another request has saved meanwhile',
    routes: {
      ...HOLDING,
      '/wait': (req, res) => {
        hold(req, () => req.session.reload(() => res.json(req.session.m ?? null)));
      },
    },
    run: async ({ visitor, other }) => {
      await visitor.get('/set?n=1');
      const waiting = visitor.json('/wait');
      await other.get('/held');
      await visitor.get('/set?m=2');
      await other.get('/release');
      return waiting;
    },
    expected: '2',
  },
  {
    name: 'reload of a session that another request destroyed, or that was never saved, is an error',
    routes: {
      ...HOLDING,
      '/wait': (req, res) => {
        hold(req, () => req.session.reload(tell(res)));
      },
      '/destroy': (req, res) => {
        req.session.destroy(() => res.end());
      },
      '/never-saved': (req, res) => {
        req.session.reload(tell(res));
      },
    },
    run: async ({ visitor, other }) => {
      await visitor.get('/set?n=1');
      const waiting = visitor.copy().json('/wait');
      await other.get('/held');
      await visitor.get('/destroy');
      await other.get('/release');
      return [await waiting, await other.json('/never-saved')];
    },
    expected: [{ error: true }, { error: true }],
  },
  {
    name: 'save writes at once: it is in the store when the callback comes, before a redirect',
    routes: {
      ...HOLDING,
      '/save': (req, res) => {
        req.session.n = 1;
        req.session.save((error) => {
          if (error) res.json('failed');
          else res.redirect('/get');
        });
      },
      '/save-and-wait': (req, res) => {
        req.session.m = 2;
        req.session.save(() => hold(req, () => res.end()));
      },
    },
    run: async ({ visitor, other }) => {
      const { status, cookies } = await visitor.get('/save');
      const waiting = visitor.get('/save-and-wait');
      await other.get('/held');
      const meanwhile = await visitor.json('/get');
      await other.get('/release');
      await waiting;
      return [status, cookies.length, meanwhile];
    },
    expected: [302, 1, { n: 1, m: 2 }],
  },
  {
    name: 'what is written after save is kept too',
    routes: {
      ...COMMON,
      '/save': (req, res) => {
        req.session.n = 1;
        req.session.save(() => {
          req.session.m = 2;
          res.end();
        });
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/save');
      return visitor.json('/get');
    },
    expected: { n: 1, m: 2 },
  },
  {
    name: 'touch, resetMaxAge, regenerate and destroy return the session they were called on',
    routes: {
      ...COMMON,
      '/chain': (req, res) => {
        const { session } = req;
        const same = [session.touch() === session, session.resetMaxAge() === session];
        const regenerating = session.regenerate(() => {
          const current = req.session;
          const destroying = current.destroy(() => {
            res.json([...same, regenerating === session, destroying === current]);
          });
        });
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/set?n=1');
      return visitor.json('/chain');
    },
    expected: [true, true, true, true],
  },
  {
    name: 'callbacks are not called before the method has returned',
    routes: {
      ...COMMON,
      '/order': (req, res) => {
        const order: string[] = [];
        const note = (name: string, then: () => void) => () => {
          order.push(name);
          then();
        };
        req.session.save(
          note('save', () => {
            req.session.reload(
              note('reload', () => {
                req.session.regenerate(
                  note('regenerate', () => {
                    req.session.destroy(note('destroy', () => res.json(order)));
                    order.push('returned');
                  }),
                );
                order.push('returned');
              }),
            );
            order.push('returned');
          }),
        );
        order.push('returned');
      },
    },
    run: async ({ visitor }) => {
      await visitor.get('/set?n=1');
      return visitor.json('/order');
    },
    expected: ['returned', 'save', 'returned', 'reload', 'returned', 'regenerate', 'returned', 'destroy'],
  },
  {
    name: 'an error of the store reaches the callback of save, reload, destroy and regenerate',
    routes: {
      ...COMMON,
      '/save': (req, res) => {
        req.session.n = 2;
        req.session.save(tell(res));
      },
      '/reload': (req, res) => {
        req.session.reload(tell(res));
      },
      '/destroy': (req, res) => {
        req.session.destroy(tell(res));
      },
      '/regenerate': (req, res) => {
        req.session.regenerate(tell(res));
      },
    },
    run: async ({ visitor, store }) => {
      const answers: unknown[] = [];
      for (const method of ['save', 'reload', 'destroy', 'regenerate']) {
        const client = visitor.copy();
        client.jar.clear();
        await client.get('/set?n=1');
        store.failAfter(method === 'reload' ? 1 : 0, method === 'reload' ? 'read' : 'write');
        answers.push(await client.json(`/${method}`));
      }
      return answers;
    },
    expected: [{ error: true }, { error: true }, { error: true }, { error: true }],
  },
  {
    name: 'without a callback a store that fails ends no process',
    routes: {
      ...COMMON,
      '/save': (req, res) => {
        req.session.n = 2;
        req.session.save();
        setTimeout(() => res.end(), 20);
      },
      '/destroy': (req, res) => {
        req.session.destroy();
        setTimeout(() => res.end(), 20);
      },
    },
    run: async ({ visitor, store }) => {
      const statuses: number[] = [];
      for (const method of ['save', 'destroy']) {
        await visitor.get('/set?n=1');
        store.failAfter(0, 'write');
        statuses.push((await visitor.get(`/${method}`)).status);
      }
      return statuses;
    },
    // destroy() of express-session hands no callback on; its MemoryStore calls none then.
    expected: [200, 200],
  },
];
