import { createPublicKey, randomBytes, verify as verifySignature } from 'node:crypto';
import { Secret } from 'bulwark';
import { generateTokenKey, publicJwkOf, tokenIssuer, tokens, tokenVerifier } from 'bulwark/tokens';
import { jwtVerify } from 'jose';
import type { Measurement, Row } from '../measurement.ts';
import { spreadOf } from '../spread.ts';

const BATCH = 200;
const ROUNDS = 25;
const QUICK_ROUNDS = 9;
const WARM_UP = 5;
const AGAIN = 20;

const issuer = 'https://bench.example';
const audience = 'https://api.bench.example';

/** What it takes to know a bearer token again, against what the signature alone takes. */
export const tokenChecks: Measurement = {
  id: 'tokens',
  title: 'Token check (EdDSA) against node:crypto.verify',
  async run(plan) {
    const ways = await prepare();
    const rounds: Record<string, number>[] = [];
    for (let n = -WARM_UP; n < (plan.quick ? QUICK_ROUNDS : ROUNDS); n++) {
      // Others each time: what has been verified before may be known.
      const fresh = await Promise.all(Array.from({ length: BATCH }, () => ways.issue()));
      const taken: Record<string, number> = {};
      for (const [name, check] of Object.entries(ways.once)) taken[name] = await time(fresh, check);
      const known = Array.from({ length: BATCH * AGAIN }, () => ways.known);
      taken.again = await time(known, ways.again);
      if (n >= 0) rounds.push(taken);
    }
    const against = (name: string): ReturnType<typeof spreadOf> =>
      spreadOf(rounds.map((taken) => (taken.node as number) / (taken[name] as number)));
    const jose = against('jose');
    const rows: Row[] = [
      {
        id: 'tokens',
        title: 'token check (EdDSA), first time, against node:crypto.verify',
        ...against('bulwark'),
        goal: { atLeast: 0.9 },
        handWired: jose.ratio,
        note: 'signature, header, claims; hand-wired: jose jwtVerify',
      },
      {
        id: 'tokensCached',
        title: 'token check (EdDSA), a token that was seen before, against node:crypto.verify',
        ...against('again'),
        goal: { atLeast: 20 },
        handWired: jose.ratio,
        note: 'tokens().service.verify(): revocation in memory included',
      },
    ];
    return rows;
  },
};

type Check = (token: string) => unknown;

async function prepare(): Promise<{
  issue(): Promise<string>;
  readonly once: Readonly<Record<'node' | 'bulwark' | 'jose', Check>>;
  readonly known: string;
  readonly again: Check;
}> {
  const signing = await generateTokenKey('EdDSA');
  const publicJwk = publicJwkOf(signing);
  const sign = tokenIssuer({ key: signing, issuer, audience, ttl: '15m' });
  let user = 0;
  const claims = (): { sub: string; roles: string[] } => ({ sub: `user-${user++}`, roles: ['clerk'] });
  const verify = tokenVerifier({ keys: publicJwk, issuer, audience });
  const key = createPublicKey({ key: { ...publicJwk }, format: 'jwk' });
  const { service } = tokens({ issuer, audience, encryptionKey: Secret.of(randomBytes(32).toString('hex')) });
  const { accessToken: known } = await service.issue(claims());
  return {
    issue: () => sign(claims()),
    once: {
      // What everybody must do at the least: split the token, and verify its signature.
      node: (token) => {
        const dot = token.lastIndexOf('.');
        const signature = Buffer.from(token.slice(dot + 1), 'base64url');
        if (!verifySignature(null, Buffer.from(token.slice(0, dot)), key, signature)) throw new Error('not valid');
      },
      bulwark: verify,
      jose: (token) => jwtVerify(token, key, { issuer, audience, algorithms: ['EdDSA'] }),
    },
    known,
    again: (token) => service.verify(token),
  };
}

/** Microseconds for each of them, one after the other. */
async function time(all: readonly string[], check: Check): Promise<number> {
  const from = performance.now();
  for (const token of all) await check(token);
  return ((performance.now() - from) * 1000) / all.length;
}
