import { access, logIn, logOut, Refusal, sessionsOf, validate } from 'bulwark';
import type { Express, Request, Response } from 'express';
import { z } from 'zod';
import type { Site } from '../site.ts';

const credentials = z.strictObject({ name: z.string().max(100), password: z.string().max(256) });
const sessionId = z.strictObject({ id: z.string().max(64) });

/** Signing in and out, and the page of one's devices: forms that need no JavaScript. */
export function mountSignIn(app: Express, { signIn }: Site): void {
  const show = (res: Response, page: object = {}): void =>
    res.render('sign-in', { page: 'devices', problem: undefined, name: '', ...page });

  const anyone = access.public('where one signs in');
  app.get('/sign-in', anyone, (_req, res) => show(res));

  app.post('/sign-in', anyone, async (req, res) => {
    const sent = credentials.safeParse(req.body);
    const { name, password } = sent.success ? sent.data : { name: '', password: '' };
    const user = await signIn(req, res, name, password);
    if (user === undefined) {
      res.status(401);
      return show(res, { name, problem: 'This name and this password do not go together.' });
    }
    await logIn(req, { id: user }, { factor: 'password' });
    res.redirect(303, '/devices');
  });

  const signedIn = access.authenticated();
  app.get('/devices', signedIn, async (req, res) => {
    res.render('devices', { page: 'devices', sessions: await sessionsOf(req).list() });
  });

  const ending = validate({ params: sessionId });
  app.post('/devices/:id/end', signedIn, ending, async (req, res) => {
    if (!(await sessionsOf(req).revoke(ending.of(req).params.id))) {
      throw new Refusal('ERR_NOT_FOUND', { reason: 'there is no such session' });
    }
    res.redirect(303, '/devices');
  });

  app.post('/devices/end-others', signedIn, async (req, res) => {
    await sessionsOf(req).revokeOthers();
    res.redirect(303, '/devices');
  });

  app.post('/sign-out', signedIn, async (req: Request, res) => {
    await logOut(req);
    res.redirect(303, '/sign-in');
  });
}
