import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { client, type ProxySetting, trustProxyFunction } from './index.ts';
import { PRESET_NAMES } from './presets.ts';
import { readProxy } from './proxy.ts';

describe('what would trust any sender, or nobody, is refused with what to write instead', () => {
  it.each<[unknown, string, string]>([
    [true, 'proxy', '{ hops: 1 }'],
    [false, 'proxy', "'none'"],
    [null, 'proxy', "'none'"],
    [1, 'proxy', 'write { hops: 1 }'],
    [0, 'proxy', "name your proxy ('nginx')"],
    ['1', 'proxy', 'write { hops: 1 }'],
    ['*', 'proxy', "name your proxy ('nginx')"],
    ['', 'proxy', "use 'none'"],
    ['loopback', 'proxy', "use 'none'"],
    ['10.0.0.0/8', 'proxy', "write { cidrs: ['10.0.0.0/8'] }"],
    [['10.0.0.0/8'], 'proxy', 'write { cidrs: ["10.0.0.0/8"] }'],
    [() => true, 'proxy', "name your proxy ('nginx')"],
    [{}, 'proxy', "name your proxy ('nginx')"],
    [{ hops: 1, cidrs: ['10.0.0.0/8'] }, 'proxy', 'keep cidrs'],
    [{ hops: 0 }, 'proxy.hops', '1 to 10'],
    [{ hops: 11 }, 'proxy.hops', '1 to 10'],
    [{ hops: 1.5 }, 'proxy.hops', '1 to 10'],
    [{ hops: Number.NaN }, 'proxy.hops', '1 to 10'],
    [{ hops: true }, 'proxy.hops', '1 to 10'],
    [{ hops: '1' }, 'proxy.hops', '1 to 10'],
    [{ hops: 1, peers: ['0.0.0.0/0'] }, 'proxy.peers[0]', 'list the networks'],
    [{ cidrs: [] }, 'proxy.cidrs', '10.0.0.0/8'],
    [{ cidrs: '10.0.0.0/8' }, 'proxy.cidrs', '10.0.0.0/8'],
    [{ cidrs: ['*'] }, 'proxy.cidrs[0]', '10.1.0.0/16'],
    [{ cidrs: ['0.0.0.0/0'] }, 'proxy.cidrs[0]', 'list the networks'],
    [{ cidrs: ['10.0.0.0/8', '::/0'] }, 'proxy.cidrs[1]', 'list the networks'],
    [{ cidrs: ['0.0.0.0/1', '128.0.0.0/1'] }, 'proxy.cidrs[0]', 'list the networks'],
    [{ cidrs: ['::ffff:0:0/96'] }, 'proxy.cidrs[0]', 'list the networks'],
    [{ cidrs: ['::ffff:0.0.0.0/97'] }, 'proxy.cidrs[0]', 'list the networks'],
    [{ cidrs: ['2000::/3'] }, 'proxy.cidrs[0]', 'list the networks'],
    [{ cidrs: ['::/15'] }, 'proxy.cidrs[0]', 'list the networks'],
    [{ cidrs: ['10.0.0.5/8'] }, 'proxy.cidrs[0]', "write '10.0.0.0/8'"],
    [{ cidrs: ['10.0.0.0/33'] }, 'proxy.cidrs[0]', '10.1.0.0/16'],
    [{ cidrs: ['010.0.0.0/8'] }, 'proxy.cidrs[0]', '10.1.0.0/16'],
    [{ cidrs: ['proxy.internal'] }, 'proxy.cidrs[0]', '10.1.0.0/16'],
    [{ cidrs: [10] }, 'proxy.cidrs[0]', '10.1.0.0/16'],
  ])('%j', (proxy, field, fix) => {
    const error = catchError(() => client({ proxy: proxy as ProxySetting }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'ERR_CONFIG_TRUST_PROXY', field });
    expect((error as ConfigError).fix).toContain(fix);
    expect(() => trustProxyFunction(proxy as ProxySetting)).toThrow(ConfigError);
  });

  it('knows a mistyped name and a mistyped key', () => {
    expect(String(catchError(() => readProxy('ngnix' as ProxySetting)))).toContain("did you mean 'nginx'");
    const error = catchError(() => readProxy({ hops: 1, hots: true } as ProxySetting));
    expect(error).toMatchObject({ code: 'ERR_CONFIG_UNKNOWN_KEY', field: 'proxy.hots' });
    expect(String(error)).toContain('did you mean');
  });
});

it.each<ProxySetting>([
  'none',
  ...PRESET_NAMES,
  { hops: 1 },
  { hops: 10, peers: ['203.0.113.0/24'], host: true, headers: 'forwarded' },
  { hops: 1, dangerouslyTrustAnyPeer: true },
  { cidrs: ['10.0.0.0/8', 'fc00::/7', 'fe80::/10', '203.0.113.7', '2001:db8::/32', '::1'] },
])('takes %j', (proxy) => {
  expect(client({ proxy })).toBeTypeOf('function');
});

describe('trustProxyFunction', () => {
  it.each<[ProxySetting, string, number, boolean]>([
    ['none', '127.0.0.1', 0, false],
    ['nginx', '127.0.0.1', 0, true],
    ['nginx', '::ffff:7f00:1', 0, true],
    ['nginx', '127.0.0.1', 1, false],
    ['nginx', '203.0.113.9', 0, false],
    [{ hops: 2 }, '10.0.0.1', 0, true],
    [{ hops: 2 }, '203.0.113.9', 0, false],
    [{ hops: 2 }, '203.0.113.9', 1, true],
    [{ hops: 2 }, '203.0.113.9', 2, false],
    [{ hops: 1, peers: ['203.0.113.9'] }, '203.0.113.9', 0, true],
    [{ hops: 1, dangerouslyTrustAnyPeer: true }, '203.0.113.9', 0, true],
    [{ cidrs: ['203.0.113.0/24'] }, '203.0.113.9', 5, true],
    [{ cidrs: ['203.0.113.0/24'] }, '127.0.0.1', 0, false],
    ['cloudflare', '172.64.1.1', 0, true],
    ['cloudflare', '172.64.1.1', 1, false],
    ['fly', '172.19.0.1', 0, true],
    ['fly', '66.241.124.230', 1, false],
    ['nginx', 'not an address', 0, false],
  ])('%j, %s at hop %i: %s', (proxy, address, hop, expected) => {
    expect(trustProxyFunction(proxy)(address, hop)).toBe(expected);
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
