import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { type Behind, type RefusingApp, serveBehind } from '../../../test/support/refusing-app.ts';
import { decide } from '../../decisions.ts';
import { cors } from '../cors/index.ts';
import { headers } from '../headers/index.ts';
import { type CsrfOptions, csrf } from './index.ts';

const POLICY: CsrfOptions = { origins: ['https://shop.example'], trustedOrigins: ['https://app.example'] };

type Headers = Readonly<Record<string, string>>;

const from = (site: string, mode: string, dest?: string, origin?: string): Headers => ({
  'Sec-Fetch-Site': site,
  'Sec-Fetch-Mode': mode,
  ...(dest === undefined ? {} : { 'Sec-Fetch-Dest': dest }),
  ...(origin === undefined ? {} : { Origin: origin }),
});

const READS: readonly [string, Headers, boolean][] = [
  ['old browser or script', {}, true],
  ['own page', from('same-origin', 'cors', 'empty'), true],
  ['own image', from('same-origin', 'no-cors', 'image'), true],
  ['own frame', from('same-origin', 'navigate', 'iframe'), true],
  ['sibling image', from('same-site', 'no-cors', 'image'), true],
  ['address bar', from('none', 'navigate', 'document'), true],
  ['link on another site', from('cross-site', 'navigate', 'document'), true],
  ['download link on another site', from('cross-site', 'navigate', 'empty'), true],
  ['link on another site, Chrome 76 to 79', from('cross-site', 'navigate'), true],
  ['image on another site', from('cross-site', 'no-cors', 'image'), false],
  ['script on another site', from('cross-site', 'no-cors', 'script'), false],
  ['style on another site', from('cross-site', 'no-cors', 'style'), false],
  ['fetch by another site', from('cross-site', 'cors', 'empty', 'https://evil.example'), false],
  ['opaque fetch by another site', from('cross-site', 'no-cors', 'empty'), false],
  ['sandboxed fetch', from('cross-site', 'cors', 'empty', 'null'), false],
  ['frame on another site', from('cross-site', 'navigate', 'iframe'), false],
  ['frameset on another site', from('cross-site', 'navigate', 'frame'), false],
  ['object on another site', from('cross-site', 'navigate', 'object'), false],
  ['embed on another site', from('cross-site', 'navigate', 'embed'), false],
  ['fenced frame on another site', from('cross-site', 'navigate', 'fencedframe'), false],
  ['socket of another site', from('cross-site', 'websocket', 'empty', 'https://evil.example'), false],
  ['only the site', { 'Sec-Fetch-Site': 'cross-site' }, false],
  ['fetch by a trusted site', from('cross-site', 'cors', 'empty', 'https://app.example'), true],
  ['unknown value', from('same-planet', 'navigate', 'document'), false],
  ['value that came twice', from('same-origin, same-origin', 'navigate', 'document'), false],
];

const IMAGE = from('cross-site', 'no-cors', 'image');

describe.each(EXPRESS)('isolation of reads on Express %s', (_, express) => {
  let app: RefusingApp;
  afterEach(() => app.close());

  const start = async (options: CsrfOptions, behind: Behind = {}): Promise<void> => {
    app = await serveBehind(express, csrf(options), behind);
  };
  const statusOf = async (headers: Headers, method = 'GET'): Promise<number> =>
    (await send(app.url, { method, headers })).status;

  it.each(READS)('%s', async (_name, headers, allowed) => {
    await start(POLICY);
    for (const method of ['GET', 'HEAD']) expect(await statusOf(headers, method)).toBe(allowed ? 200 : 403);
    expect(app.ran()).toBe(allowed ? 2 : 0);
    expect(await statusOf(headers, 'OPTIONS')).toBe(200);
  });

  it('says which header made it so', async () => {
    await start(POLICY);
    expect((await send(app.url, { headers: IMAGE })).json()).toMatchObject({
      code: 'ERR_FETCH_ISOLATED',
      reason: expect.stringMatching(/^Sec-Fetch-Site says cross-site.*Sec-Fetch-Mode.*Sec-Fetch-Dest/),
    });
  });

  it('is off where it is turned off; state changes are judged all the same', async () => {
    await start({ ...POLICY, isolateReads: false });
    expect(await statusOf(IMAGE)).toBe(200);
    expect(await statusOf(IMAGE, 'POST')).toBe(403);
  });

  it('lets a route be embedded that says so', async () => {
    await start(POLICY, { decisions: [headers.profile('embeddable', { by: ['https://partner.example'] })] });
    expect(await statusOf(IMAGE)).toBe(200);
    expect(await statusOf(from('cross-site', 'navigate', 'iframe'))).toBe(200);
    expect(await statusOf(IMAGE, 'POST')).toBe(403);
  });

  it('lets a route be read that any origin may read, but not one that a listed origin may', async () => {
    await start(POLICY, { decisions: [cors.allow({ dangerouslyAnyOrigin: true })] });
    expect(await statusOf(from('cross-site', 'cors', 'empty', 'https://evil.example'))).toBe(200);
    await app.close();
    await start(POLICY, { decisions: [cors.allow({ origins: ['https://partner.example'] })] });
    expect(await statusOf(from('cross-site', 'cors', 'empty', 'https://partner.example'))).toBe(200);
    expect(await statusOf(IMAGE)).toBe(403);
  });

  it.each([
    { practice: 'headers', kind: 'setting', summary: 'x', value: { crossOriginResourcePolicy: 'same-site' } } as const,
    { practice: 'headers', kind: 'setting', summary: 'x', value: null } as const,
    { practice: 'headers', kind: 'setting', summary: 'x' } as const,
    { practice: 'input', kind: 'setting', summary: 'x', value: { crossOriginResourcePolicy: 'cross-origin' } } as const,
  ])('takes no other decision for leave: %j', async (decision) => {
    await start(POLICY, { decisions: [decide(decision)] });
    expect(await statusOf(IMAGE)).toBe(403);
  });
});
