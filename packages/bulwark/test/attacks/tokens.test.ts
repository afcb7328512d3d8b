import { createHmac, createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { compactVerify, type JWK } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { beforeAll, describe, expect, it } from 'vitest';
import { b64, publicPem, type Signer, signer } from '../../src/practices/tokens/fixtures/forge.ts';
import type { Jwk } from '../../src/practices/tokens/jws/jwk.ts';
import { verifyJws } from '../../src/practices/tokens/jws/verify-jws.ts';
import { issueToken } from '../../src/practices/tokens/jwt/issue-token.ts';
import { tokenVerifier, type VerifyTokenOptions } from '../../src/practices/tokens/jwt/verify-token.ts';
import { ask } from '../support/ask.ts';
import { EXPRESS, type Received } from '../support/http.ts';
import { type App, handWire, pairOf } from './support/hand-wired.ts';
import { naiveEs256 } from './support/naive-es256.ts';

// It has no types of its own.
const jsonwebtoken8 = createRequire(import.meta.url)('jsonwebtoken8') as typeof jsonwebtoken;

const ISSUER = 'https://login.shop.example';
const AUDIENCE = 'https://api.shop.example';
const HOUR = 3600;
const seconds = (): number => Math.floor(Date.now() / 1000);

let ed: Signer;
let es: Signer;
let rs: Signer;
let hs: Signer;
beforeAll(async () => {
  [ed, es, rs, hs] = await Promise.all([signer('EdDSA'), signer('ES256'), signer('RS256'), signer('HS256')]);
}, 60_000);

const headerOf = (by: Signer, more: object = {}): object => ({
  alg: by.algorithm,
  typ: 'at+jwt',
  kid: by.jwk.kid,
  ...more,
});
const claims = (more: object = {}): object => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'root',
  iat: seconds(),
  exp: seconds() + 600,
  ...more,
});
const good = (by: Signer): Promise<string> =>
  issueToken({ sub: 'ann' }, { key: by.jwk, issuer: ISSUER, audience: AUDIENCE });

/** What a handler gets to know of the token's owner. */
type Verify = (token: string) => unknown;

const guard =
  (verify: Verify): RequestHandler =>
  (req, res, next) => {
    const token = /^Bearer (.+)$/s.exec(req.headers.authorization ?? '')?.[1] ?? '';
    Promise.resolve()
      .then(() => verify(token))
      .then((owner) => void res.json(owner), next);
  };

const strict = (keys: Jwk, more: Partial<VerifyTokenOptions> = {}): Verify =>
  tokenVerifier({ keys, issuer: ISSUER, audience: AUDIENCE, ...more });

describe.each(EXPRESS)('tokens on Express %s', (_version, express) => {
  /** Sends tokens to the app as it was wired by hand, and to the same with the strict verifier. */
  const attack = async (
    weak: Verify,
    ours: Verify,
    ...tokens: string[]
  ): Promise<{ wired: Received[]; secured: Received[] }> => {
    const build = (isSecured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      app.get('/me', guard(isSecured ? ours : weak));
      return app;
    };
    const pair = pairOf(build);
    const requests = tokens.map((token) => ({ target: '/me', headers: { authorization: `Bearer ${token}` } }));
    return { wired: await ask(pair.wired, ...requests), secured: await ask(pair.secured, ...requests) };
  };

  /** The control: every token is accepted as its owner says. Then: every one is refused, and the same answer tells so. */
  const expectOnlyTheControlFalls = async (
    weak: Verify,
    ours: Verify,
    tokens: string[],
    honest: string,
  ): Promise<void> => {
    const { wired, secured } = await attack(weak, ours, ...tokens, honest);
    for (const answer of wired.slice(0, -1))
      expect([answer.status, answer.json()]).toMatchObject([200, { sub: 'root' }]);
    for (const answer of secured.slice(0, -1)) {
      expect(answer.json()).toMatchObject({ status: 401, code: 'ERR_TOKEN_INVALID' });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token"/);
    }
    expect(secured.at(-1)?.json()).toMatchObject({ sub: 'ann' });
  };

  it('1.7.1a: an unsigned token (alg none), where JWT_SECRET is not set', async () => {
    const unsigned = `${b64({ alg: 'none' })}.${b64(claims())}.`;
    const weak: Verify = (token) => jsonwebtoken8.verify(token, undefined as unknown as string);
    await expectOnlyTheControlFalls(weak, strict(ed.known), [unsigned], await good(ed));
    expect(() => strict(undefined as unknown as Jwk)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_KEY' }));
  });

  it('1.7.1b: an HMAC with the public key as its secret', async () => {
    const pem = publicPem(rs);
    const data = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: rs.jwk.kid })}.${b64(claims())}`;
    const forged = `${data}.${createHmac('sha256', pem).update(data).digest('base64url')}`;
    const weak: Verify = (token) => jsonwebtoken8.verify(token, pem, { algorithms: ['RS256', 'HS256'] });
    const ours = strict(rs.known, { algorithms: ['RS256', 'HS256'] });
    await expectOnlyTheControlFalls(weak, ours, [forged], await good(rs));
  });

  it('1.7.1c: a key id that is a path, and one that is SQL', async () => {
    const folder = join(import.meta.dirname, 'keys');
    const naive =
      (find: (kid: string) => string | Buffer): Verify =>
      (token) => {
        const [header = '', payload = '', signature = ''] = token.split('.');
        const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
        const expected = createHmac('sha256', find(kid)).update(`${header}.${payload}`).digest('base64url');
        if (expected !== signature) throw new Error('invalid signature');
        return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
      };
    const forge = (kid: string, secret: string): string => {
      const data = `${b64({ alg: 'HS256', typ: 'at+jwt', kid })}.${b64(claims())}`;
      return `${data}.${createHmac('sha256', secret).update(data).digest('base64url')}`;
    };
    const path = `${'../'.repeat(20)}dev/null`;
    await expectOnlyTheControlFalls(
      naive((kid) => readFileSync(join(folder, kid))),
      strict(hs.known),
      [forge(path, '')],
      await good(hs),
    );

    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(':memory:');
    database.exec(`CREATE TABLE keys (kid TEXT, secret TEXT); INSERT INTO keys VALUES ('k1', 'the real one')`);
    const bySql = naive((kid) =>
      String(database.prepare(`SELECT secret FROM keys WHERE kid = '${kid}'`).get()?.secret),
    );
    const injected = forge("x' UNION SELECT 'mine' --", 'mine');
    await expectOnlyTheControlFalls(bySql, strict(hs.known), [injected], await good(hs));
    database.close();
  });

  it('1.7.1d: the token brings the key that it is to be verified with (jwk, jku, x5u)', async () => {
    const evil = await signer('EdDSA', { kid: String(ed.jwk.kid) });
    const atUrl = new Map([['https://evil.example/jwks', evil.known]]);
    const weak: Verify = (token) => {
      const [header = '', payload = '', signature = ''] = token.split('.');
      const { jwk, jku, x5u } = JSON.parse(Buffer.from(header, 'base64url').toString()) as {
        jwk?: Jwk;
        jku?: string;
        x5u?: string;
      };
      const known = jwk ?? atUrl.get(jku ?? x5u ?? '') ?? ed.known;
      const key = createPublicKey({ key: { ...known }, format: 'jwk' });
      const isGood = verifySignature(
        null,
        Buffer.from(`${header}.${payload}`),
        key,
        Buffer.from(signature, 'base64url'),
      );
      if (!isGood) throw new Error('invalid signature');
      return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
    };
    const url = 'https://evil.example/jwks';
    const tokens = [{ jwk: evil.known }, { jku: url }, { x5u: url }].map((more) =>
      evil.sign(headerOf(evil, more), claims()),
    );
    await expectOnlyTheControlFalls(weak, strict(ed.known), tokens, await good(ed));
  });

  it('1.7.1e: the psychic signature: r and s are zero', async () => {
    const blank = `${b64(headerOf(es))}.${b64(claims())}.${b64(Buffer.alloc(64))}`;
    const weak: Verify = (token) => naiveEs256(token, es.known);
    // It is a verifier, if a naive one: it tells good signatures from bad ones.
    expect(weak(await good(es))).toMatchObject({ sub: 'ann' });
    expect(() => weak(`${b64(headerOf(es))}.${b64(claims())}.${b64(Buffer.alloc(64, 1))}`)).toThrow(/signature/);
    await expectOnlyTheControlFalls(weak, strict(es.known), [blank], await good(es));
  });

  it('1.7.1f: a mark of the token that must be understood, and is not (crit)', async () => {
    const token = ed.sign(
      headerOf(ed, { crit: ['urn:example:only-from-the-bank'], 'urn:example:only-from-the-bank': true }),
      claims(),
    );
    const weak: Verify = (text) => {
      const [header = '', payload = '', signature = ''] = text.split('.');
      const key = createPublicKey(ed.key);
      const isGood = verifySignature(
        null,
        Buffer.from(`${header}.${payload}`),
        key,
        Buffer.from(signature, 'base64url'),
      );
      if (!isGood) throw new Error('invalid signature');
      return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
    };
    await expectOnlyTheControlFalls(weak, strict(ed.known), [token], await good(ed));
  });

  it('1.7.1g: one token has many spellings, so that a list of revoked ones does not hold', async () => {
    const token = hs.sign(headerOf(hs), claims());
    const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // The last letter of 43 stands for four bits of the signature, and two that are nothing.
    const nextLetter = LETTERS[LETTERS.indexOf(token.at(-1) ?? '') + 1] ?? '';
    const spellings = [
      token.slice(0, -1) + nextLetter,
      token.replace('.', ' .'),
      token.replace(/\.(?=[^.]*$)/, '. '),
      `${token}=`,
    ];
    const revoked = new Set([token]);
    const jose: Verify = async (text) => {
      if (revoked.has(text)) throw new Error('revoked');
      return JSON.parse(new TextDecoder().decode((await compactVerify(text, hs.known as JWK)).payload));
    };
    const accepted = [];
    for (const text of spellings)
      if (
        await Promise.resolve(jose(text)).then(
          () => true,
          () => false,
        )
      )
        accepted.push(text);
    expect(accepted.length).toBeGreaterThan(0);
    await expectOnlyTheControlFalls(jose, strict(hs.known), accepted, await good(hs));
    for (const text of spellings) {
      await expect(verifyJws(text, hs.known, { algorithms: ['HS256'] })).rejects.toMatchObject({
        code: 'ERR_TOKEN_INVALID',
      });
    }
  });

  it('1.7.1h: a claim that is there twice, and two readers that take different ones', async () => {
    const text = JSON.stringify(claims()).replace('"sub":"root"', '"sub":"ann","sub":"root"');
    const token = hs.sign(headerOf(hs), text);
    const secret = Buffer.from(String(hs.jwk.k), 'base64url');
    expect(/"sub":"([^"]+)"/.exec(text)?.[1]).toBe('ann');
    await expectOnlyTheControlFalls(
      (sent) => jsonwebtoken.verify(sent, secret),
      strict(hs.known),
      [token],
      await good(hs),
    );
  });

  it('1.7.2a: a secret of one byte', async () => {
    const weak: Verify = (token) => jsonwebtoken.verify(token, 's');
    const forged = jsonwebtoken.sign(claims(), 's', { header: { alg: 'HS256', typ: 'at+jwt' } });
    await expectOnlyTheControlFalls(weak, strict(hs.known), [forged], await good(hs));
    for (const secret of ['s', 'x'.repeat(31), 'keyboard cat '.repeat(4), 'your-256-bit-secret-change-me-now']) {
      const jwk = { kty: 'oct', kid: 'k', alg: 'HS256', k: b64(secret) };
      expect(() => strict(jwk)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_KEY' }));
      await expect(good({ ...hs, jwk })).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY' });
    }
  });

  it('1.7.4a: a token without an end, and one that ended', async () => {
    const secret = Buffer.from(String(hs.jwk.k), 'base64url');
    const endless = jsonwebtoken.sign({ iss: ISSUER, aud: AUDIENCE, sub: 'root', iat: 1 }, secret, {
      header: { alg: 'HS256', typ: 'at+jwt' },
    });
    const weak: Verify = (token) => jsonwebtoken.verify(token, secret);
    await expectOnlyTheControlFalls(weak, strict(hs.known), [endless], await good(hs));

    const ended = hs.sign(headerOf(hs), claims({ iat: seconds() - 2 * HOUR, exp: seconds() - HOUR }));
    const years = hs.sign(headerOf(hs), claims({ exp: seconds() + 24 * 365 * HOUR }));
    const forgiving: Verify = (token) => jsonwebtoken.verify(token, secret, { ignoreExpiration: true });
    await expectOnlyTheControlFalls(forgiving, strict(hs.known), [ended, years], await good(hs));
  });

  it('1.7.4b: a token of another kind is taken for an access token', async () => {
    const secret = Buffer.from(String(hs.jwk.k), 'base64url');
    const kinds = ['JWT', 'rt+jwt', 'logout+jwt', undefined].map((typ) =>
      hs.sign({ alg: 'HS256', kid: hs.jwk.kid, typ }, claims()),
    );
    await expectOnlyTheControlFalls(
      (token) => jsonwebtoken.verify(token, secret),
      strict(hs.known),
      kinds,
      await good(hs),
    );
  });

  it('1.7.4c: a token of another issuer, or for another service', async () => {
    const pem = publicPem(es);
    const others = [
      claims({ aud: 'https://newsletter.example' }),
      claims({ iss: 'https://other-tenant.example' }),
      claims({ aud: undefined }),
    ];
    const tokens = others.map((payload) => es.sign(headerOf(es), payload));
    const weak: Verify = (token) => jsonwebtoken.verify(token, pem);
    await expectOnlyTheControlFalls(weak, strict(es.known), tokens, await good(es));
    for (const name of ['issuer', 'audience'] as const) {
      expect(() => strict(es.known, { [name]: undefined })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_VALUE' }),
      );
    }
  });

  it('1.7.4d: personal data and secrets in a token, which everybody can read who holds it', async () => {
    const own = { sub: 'ann', email: 'ann@shop.example', passwordHash: '$2b$12$abcdefghijklmnopqrstuv' };
    const token = jsonwebtoken.sign(own, Buffer.from(String(hs.jwk.k), 'base64url'));
    expect(Buffer.from(String(token.split('.')[1]), 'base64url').toString()).toContain('ann@shop.example');
    const issuing = issueToken(own, { key: hs.jwk, issuer: ISSUER, audience: AUDIENCE });
    await expect(issuing).rejects.toMatchObject({ code: 'ERR_TOKEN_CLAIM' });
  });
});
