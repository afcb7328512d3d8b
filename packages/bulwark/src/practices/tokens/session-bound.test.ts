import { describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import { access, secure } from '../../index.ts';
import { logIn, logOut, sessionOf } from '../sessions/index.ts';
import { faultOf, KEY } from './fixtures/make.ts';
import { sendTokens } from './index.ts';

describe.each(EXPRESS)('tokens of a session, in a gate on Express %s', (_version, express) => {
  it.each(['log-out', 'revoke'])('end with it: access and refresh token (%s)', async (how) => {
    const app = express();
    const gate = secure(app, { ...QUIET, stores: { memory: true }, sessions: {}, tokens: { encryptionKey: KEY } });
    app.post('/login', access.public('log-in'), async (req, res) => {
      await logIn(req, { id: 'ann' });
      // As the README says it.
      sendTokens(res, await gate.tokens.issue({ sub: 'ann', sid: String(sessionOf(req)?.id) }, { refresh: true }));
    });
    app.post('/logout', access.authenticated(), async (req, res) => {
      await logOut(req);
      res.sendStatus(204);
    });
    app.get('/me', access.authenticated(), (_req, res) => void res.send('ann'));
    const served = await serve(app);
    // A Secure cookie is not set over plain HTTP: the connection counts as one over TLS.
    served.server.on('connection', (socket) => void Object.assign(socket, { encrypted: true }));
    const own = { host: 'shop.example', origin: 'https://shop.example', 'sec-fetch-site': 'same-origin' };
    const me = async (token: string): Promise<number> =>
      (await send(served.url, { target: '/me', headers: { ...own, authorization: `Bearer ${token}` } })).status;
    try {
      const login = await send(served.url, { method: 'POST', target: '/login', headers: own });
      const { access_token = '', refresh_token = '' } = login.json<Record<string, string>>();
      expect(await me(access_token)).toBe(200);
      const { refreshToken, accessToken } = await gate.tokens.refresh(refresh_token);
      expect(await me(accessToken)).toBe(200);
      if (how === 'revoke') expect(await gate.sessions.revokeAll('ann')).toBe(1);
      else {
        const cookie = (login.headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]).join('; ');
        const out = await send(served.url, { method: 'POST', target: '/logout', headers: { ...own, cookie } });
        expect(out.status).toBe(204);
      }
      expect([await me(access_token), await me(accessToken)]).toEqual([401, 401]);
      expect(await faultOf(gate.tokens.refresh(refreshToken))).toBe('session-ended');
      expect(await faultOf(gate.tokens.refresh(refreshToken))).toBe('refresh-unknown');
    } finally {
      await served.close();
      await gate.close();
    }
  });
});
