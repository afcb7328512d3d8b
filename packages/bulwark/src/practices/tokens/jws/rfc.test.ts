import { compactVerify, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { RFC_VECTORS } from '../fixtures/rfc-vectors.ts';
import { thumbprintOf } from './generate-key.ts';
import { verifyJws } from './verify-jws.ts';

describe.each(RFC_VECTORS)('%s', (_place, algorithm, compact, key) => {
  it('verifies, and gives the payload that jose gives', async () => {
    const { payload } = await compactVerify(compact, key as JWK);
    expect(await verifyJws(compact, key, { algorithms: [algorithm] })).toEqual(payload);
  });

  it('verifies for its own algorithm only', async () => {
    const other = algorithm === 'EdDSA' ? 'ES256' : 'EdDSA';
    await expect(verifyJws(compact, key, { algorithms: [other] })).rejects.toMatchObject({ fault: 'algorithm' });
  });

  it('does not verify once a bit of it is another', async () => {
    const [header = '', payload = '', signature = ''] = compact.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    for (const changed of [
      `${header}.${payload}.${bytes.toString('base64url')}`,
      `${header}.${payload}AAAA.${signature}`,
    ]) {
      await expect(verifyJws(changed, key, { algorithms: [algorithm] })).rejects.toMatchObject({ fault: 'signature' });
    }
  });
});

it('RFC 7515 A.5: an unsecured JWS is none', async () => {
  const [, , compact, key] = RFC_VECTORS[0] ?? RFC_VECTORS.slice(-1)[0] ?? ['', 'HS256', '', { kty: '' }];
  const unsecured = `eyJhbGciOiJub25lIn0.${compact.split('.')[1]}.`;
  await expect(verifyJws(unsecured, key, { algorithms: ['HS256'] })).rejects.toMatchObject({ fault: 'not-compact' });
  await expect(verifyJws(`${unsecured}AAAA`, key, { algorithms: ['HS256'] })).rejects.toMatchObject({
    fault: 'algorithm',
  });
});

it('RFC 7638 3.1 and RFC 8037 A.3: thumbprints', () => {
  const ed25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  expect(thumbprintOf(ed25519)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});
