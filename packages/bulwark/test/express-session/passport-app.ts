import type { Express as App, NextFunction, Request, RequestHandler, Response } from 'express';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import type { Express } from '../support/http.ts';
import { textOf } from './rows.ts';

const USERS: Readonly<Record<string, string>> = { ann: 'correct horse', bob: 'battery staple' };

/** An app as passport's documentation has it: a login form, a page of one's own, a log-out. */
export function mountPassport(app: App, express: Express, keepSessionInfo = false): void {
  const { Passport } = passport as unknown as { Passport: new () => typeof passport };
  const own = new Passport();
  own.use(
    new LocalStrategy((name, password, done) => {
      if (USERS[name] === password) done(null, { id: name });
      else done(null, false, { message: 'Wrong name or password.' });
    }),
  );
  own.serializeUser((user, done) => done(null, (user as { id: string }).id));
  own.deserializeUser((id: string, done) => done(null, USERS[id] === undefined ? false : { id }));

  app.use(express.urlencoded({ extended: false }));
  app.use(own.initialize() as RequestHandler);
  app.use(own.session() as RequestHandler);
  app.post(
    '/login',
    own.authenticate('local', {
      successRedirect: '/me',
      failureRedirect: '/login',
      failureMessage: true,
      keepSessionInfo,
    }) as RequestHandler,
  );
  app.post('/logout', (req: Request, res: Response, next: NextFunction) => {
    req.logout((error) => (error ? next(error) : res.redirect('/me')));
  });
  app.get('/login', (req, res) => {
    const { session } = req as unknown as { session: { messages?: string[] } };
    const messages = session.messages ?? [];
    session.messages = [];
    res.json(messages);
  });
  app.get('/me', (req, res) => {
    res.json((req.user as { id: string } | undefined)?.id ?? null);
  });
  app.get('/basket', (req, res) => {
    const { session } = req as unknown as { session: { basket?: string[] } };
    if (req.query.add !== undefined) session.basket = [...(session.basket ?? []), textOf(req.query.add)];
    res.json(session.basket ?? []);
  });
}

/** What many do so that passport 0.6 and later runs on sessions that have no regenerate: it takes the protection away. */
export const stubbedRegenerate: RequestHandler = (req, _res, next) => {
  const { session } = req as unknown as { session: { regenerate(done: (error?: unknown) => void): void } };
  Object.defineProperty(session, 'regenerate', {
    value: (done: (error?: unknown) => void) => done(),
    configurable: true,
  });
  next();
};
