import { access, validate } from 'bulwark';
import { identityOf } from 'bulwark/access';
import { sendTokens } from 'bulwark/tokens';
import type { Express } from 'express';
import { z } from 'zod';
import type { Site } from '../site.ts';

const credentials = z.strictObject({ name: z.string().max(100), password: z.string().max(256) });
const refreshing = z.strictObject({ refresh_token: z.string().max(512) });

/** Tokens for programs: `POST /api/tokens`, `POST /api/tokens/refresh`; `GET /api/me` says who calls. */
export function mountTokensApi(app: Express, { gate, signIn }: Site): void {
  const issuing = validate({ body: credentials });
  app.post('/api/tokens', access.public('where a program signs in'), issuing, async (req, res) => {
    const { name, password } = issuing.of(req).body;
    const user = await signIn(req, res, name, password);
    if (user === undefined) {
      res.status(401).json({ error: 'this name and this password do not go together' });
      return;
    }
    sendTokens(res, await gate.tokens.issue({ sub: user }, { refresh: true }));
  });

  const renewing = validate({ body: refreshing });
  app.post('/api/tokens/refresh', access.public('it takes a refresh token'), renewing, async (req, res) => {
    sendTokens(res, await gate.tokens.refresh(renewing.of(req).body.refresh_token));
  });

  app.get('/api/me', access.authenticated(), (req, res) => {
    res.json({ id: identityOf(req)?.id });
  });
}
