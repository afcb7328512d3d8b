import { describe, expect, it } from 'vitest';
import { EXPRESS, type Express, send, serve } from '../../../test/support/http.ts';
import { standingFor } from '../../../test/support/peers.ts';
import { ALONE } from '../../context.ts';
import { client, clientOf, type ProxySetting, trustProxyFunction } from './index.ts';

/** The attacker's true address, and what he would like to be. */
const ATTACKER = '203.0.113.66';
const PRIVATE_PROXY = '10.0.0.2';
const CLOUDFLARE_EDGE = '172.64.7.7';
const FLY_PUBLIC = '2a09:8280:1::af:1aa1:0';

type Headers = Record<string, string>;

const SPOOFS: Record<string, Headers> = {
  'X-Forwarded-For': { 'x-forwarded-for': '6.6.6.6' },
  'X-Forwarded-For, a chain': { 'x-forwarded-for': '6.6.6.6, 10.0.0.2, 172.64.7.7' },
  'X-Forwarded-For, mapped': { 'x-forwarded-for': '::ffff:606:606' },
  'X-Forwarded-For, garbage': { 'x-forwarded-for': 'unknown, "6.6.6.6", <script>' },
  'X-Forwarded-Proto': { 'x-forwarded-proto': 'https' },
  'X-Forwarded-Host': { 'x-forwarded-host': 'evil.test' },
  'X-Forwarded-Host, served too': { 'x-forwarded-host': 'admin.shop.example', 'x-forwarded-port': '6666' },
  'X-Forwarded-Port': { 'x-forwarded-port': '6666' },
  Forwarded: { forwarded: 'for=6.6.6.6;proto=https;host=evil.test' },
  'Forwarded, quote left open': { forwarded: 'for="6.6.6.6' },
  'X-Real-IP': { 'x-real-ip': '6.6.6.6' },
  'X-Client-IP and others': { 'x-client-ip': '6.6.6.6', 'true-client-ip': '6.6.6.6', 'x-cluster-client-ip': '6.6.6.6' },
  'CF-Connecting-IP': { 'cf-connecting-ip': '6.6.6.6', 'cf-visitor': '{"scheme":"https"}' },
  'Fly-Client-IP': { 'fly-client-ip': '6.6.6.6', 'fly-forwarded-proto': 'https' },
  'all at once': {
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-host': 'evil.test',
    'x-forwarded-proto': 'https',
    'x-real-ip': '6.6.6.6',
    'cf-connecting-ip': '6.6.6.6',
    'fly-client-ip': '6.6.6.6',
  },
};

const SETTINGS: ProxySetting[] = [
  'none',
  'nginx',
  'caddy',
  'haproxy',
  'aws-alb',
  'cloudflare',
  'fly',
  'heroku',
  'render',
  'vercel',
  { hops: 1 },
  { hops: 3, host: true },
  { hops: 1, headers: 'forwarded' },
  { cidrs: ['10.0.0.0/8'] },
  { cidrs: ['10.0.0.0/8', 'fc00::/7'], host: true },
];

/** What each proxy makes of a client's request, as far as it is known: see presets.ts. */
type Proxy = (sent: Headers) => Headers;
const append = (sent: Headers, ...addresses: string[]): string =>
  [sent['x-forwarded-for'], ...addresses].filter((entry) => entry !== undefined).join(', ');
const appending: Proxy = (sent) => ({
  ...sent,
  'x-forwarded-for': append(sent, ATTACKER),
  'x-forwarded-proto': 'https',
});
const cloudflare: Proxy = (sent) => ({ ...appending(sent), 'cf-connecting-ip': ATTACKER });
const thenLocal: Proxy = (sent) => ({
  ...sent,
  'x-forwarded-for': append(sent, CLOUDFLARE_EDGE),
  'x-forwarded-proto': 'https',
});

const BEHIND: [name: string, setting: ProxySetting, proxy: Proxy, peer: string][] = [
  ['nginx', 'nginx', (sent) => ({ ...appending(sent), 'x-real-ip': ATTACKER }), PRIVATE_PROXY],
  ['nginx over IPv6', 'nginx', appending, 'fd00::2'],
  ['HAProxy', 'haproxy', appending, PRIVATE_PROXY],
  ['an AWS load balancer', 'aws-alb', (sent) => ({ ...appending(sent), 'x-forwarded-port': '443' }), PRIVATE_PROXY],
  ['Heroku', 'heroku', (sent) => ({ ...appending(sent), 'x-forwarded-port': '443' }), PRIVATE_PROXY],
  ['Vercel', 'vercel', (sent) => ({ ...sent, 'x-forwarded-for': ATTACKER, 'x-forwarded-proto': 'https' }), '127.0.0.1'],
  [
    'Caddy',
    'caddy',
    (sent) => ({
      ...sent,
      'x-forwarded-for': ATTACKER,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.example',
    }),
    PRIVATE_PROXY,
  ],
  [
    'Fly',
    'fly',
    (sent) => ({
      ...sent,
      'x-forwarded-for': append(sent, ATTACKER, FLY_PUBLIC),
      'fly-client-ip': ATTACKER,
      'fly-forwarded-proto': 'https',
    }),
    '172.19.0.1',
  ],
  ['Cloudflare', 'cloudflare', cloudflare, CLOUDFLARE_EDGE],
  ['Cloudflare and a local nginx', 'cloudflare', (sent) => thenLocal(cloudflare(sent)), PRIVATE_PROXY],
  ['a Cloudflare tunnel', 'cloudflare', cloudflare, '127.0.0.1'],
  ['Render', 'render', (sent) => thenLocal(cloudflare(sent)), PRIVATE_PROXY],
  ['one hop', { hops: 1 }, appending, PRIVATE_PROXY],
  ['one hop at a listed address', { hops: 1, peers: ['198.51.100.0/24'] }, appending, '198.51.100.7'],
  ['two hops', { hops: 2 }, (sent) => thenLocal(appending(sent)), PRIVATE_PROXY],
  ['listed proxies', { cidrs: ['10.0.0.0/8'] }, appending, PRIVATE_PROXY],
  [
    'two listed proxies',
    { cidrs: ['10.0.0.0/8', CLOUDFLARE_EDGE] },
    (sent) => thenLocal(appending(sent)),
    PRIVATE_PROXY,
  ],
  [
    'a proxy that overwrites the host',
    { hops: 1, host: true },
    (sent) => ({ ...appending(sent), 'x-forwarded-host': 'shop.example', 'x-forwarded-port': '443' }),
    PRIVATE_PROXY,
  ],
  [
    'a proxy that speaks RFC 7239 only',
    { hops: 1, headers: 'forwarded' },
    (sent) => ({
      ...sent,
      forwarded: [sent.forwarded, `for="${ATTACKER}:4711";proto=https`]
        .filter((entry) => entry !== undefined)
        .join(', '),
    }),
    PRIVATE_PROXY,
  ],
];

interface Seen {
  client: {
    ip: string;
    peer: string;
    protocol: string;
    host: string;
    hostname: string;
    origin: string;
    forwarded: boolean;
  };
  express: { ip: string; protocol: string; hostname: string };
  headers: Headers;
}

describe.each(EXPRESS)('on Express %s', (_version, express) => {
  async function ask(proxy: ProxySetting, peer: string, headers: Headers): Promise<{ status: number; seen?: Seen }> {
    const served = await serve(standingFor({ '127.0.0.1': peer }, appWith(express, proxy)));
    try {
      const answer = await send(served.url, { headers: { host: 'shop.example', ...headers } });
      return answer.status === 200 ? { status: 200, seen: answer.json<Seen>() } : { status: answer.status };
    } finally {
      await served.close();
    }
  }

  describe('an attacker who reaches the app directly is himself, whatever he sends', () => {
    it.each(SETTINGS.map((setting) => [setting]))('proxy: %j', async (setting) => {
      for (const headers of Object.values(SPOOFS)) {
        const { seen } = await ask(setting, ATTACKER, headers);
        expectTruth(seen, { ip: ATTACKER, peer: ATTACKER, protocol: 'http', forwarded: false });
      }
    });
  });

  describe('an attacker behind the declared proxy is himself, or refused', () => {
    it.each(BEHIND)('%s', async (_name, setting, proxy, peer) => {
      const honest = await ask(setting, peer, proxy({}));
      expectTruth(honest.seen, { ip: ATTACKER, peer, protocol: 'https', forwarded: true });
      for (const [name, headers] of Object.entries(SPOOFS)) {
        const { status, seen } = await ask(setting, peer, proxy(headers));
        // The two forms contradict each other, or one swallows what the proxy has written.
        if (status === 400 && typeof setting === 'object') expect(name).toMatch(/^Forwarded/);
        else expectTruth(seen, { ip: ATTACKER, peer, protocol: 'https', forwarded: true });
      }
    });
  });

  it('a proxy on this machine: the attacker next to it is told apart by the listed address', async () => {
    const served = await serve(appWith(express, { cidrs: ['127.0.0.1'] }));
    const headers = { host: 'shop.example', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' };
    const direct = await send(served.url, { headers, from: '127.0.0.9' });
    const proxied = await send(served.url, { headers: appending(headers) });
    await served.close();
    expect(direct.json<Seen>().client).toMatchObject({ ip: '127.0.0.9', protocol: 'http', forwarded: false });
    expect(proxied.json<Seen>().client).toMatchObject({ ip: ATTACKER, protocol: 'https', forwarded: true });
  });

  it('who finds the local proxy behind Cloudflare and calls it directly, is himself', async () => {
    const { seen } = await ask('cloudflare', PRIVATE_PROXY, appending({ 'cf-connecting-ip': '6.6.6.6' }));
    expectTruth(seen, { ip: ATTACKER, peer: PRIVATE_PROXY, protocol: 'https', forwarded: true });
  });

  it('who comes from an address of Cloudflare itself, a Worker, is that Worker', async () => {
    const worker = '2a06:98c0:3600::103';
    const headers = {
      'x-forwarded-for': `6.6.6.6, ${worker}`,
      'x-forwarded-proto': 'https',
      'cf-connecting-ip': worker,
    };
    expectTruth((await ask('cloudflare', CLOUDFLARE_EDGE, headers)).seen, {
      ip: worker,
      peer: CLOUDFLARE_EDGE,
      protocol: 'https',
      forwarded: true,
    });
  });

  describe('a trusted proxy that writes what is no address: refused, not taken for the proxy itself', () => {
    it.each<[ProxySetting, Headers]>([
      ['nginx', { 'x-forwarded-for': 'unknown' }],
      ['nginx', { 'x-forwarded-for': '' }],
      ['nginx', { 'x-forwarded-for': '6.6.6.6,' }],
      ['nginx', { 'x-forwarded-for': '6.6.6.6, unix:' }],
      ['nginx', { 'x-forwarded-for': ATTACKER, 'x-forwarded-proto': 'gopher' }],
      ['nginx', { 'x-forwarded-for': ATTACKER, 'x-forwarded-proto': 'constructor' }],
      ['nginx', { 'x-forwarded-for': ATTACKER, 'x-forwarded-proto': '__proto__' }],
      [{ hops: 2 }, { 'x-forwarded-for': `garbage, ${ATTACKER}` }],
      [{ cidrs: ['10.0.0.0/8'] }, { 'x-forwarded-for': '6.6.6.6, x, 10.0.0.3' }],
      [{ hops: 1 }, { forwarded: 'for=unknown' }],
      [{ hops: 1 }, { forwarded: 'for=_hidden' }],
      [{ hops: 1 }, { forwarded: 'for="2001:db8::1"' }],
      [{ hops: 1 }, { forwarded: `for=${ATTACKER};proto=gopher` }],
      [
        { hops: 1 },
        { forwarded: `for=${ATTACKER};proto=http`, 'x-forwarded-for': ATTACKER, 'x-forwarded-proto': 'https' },
      ],
      [
        { hops: 1, host: true },
        { 'x-forwarded-for': ATTACKER, 'x-forwarded-host': 'shop.example@evil.test' },
      ],
      [
        { hops: 1, host: true },
        { 'x-forwarded-for': ATTACKER, 'x-forwarded-host': 'shop.example', 'x-forwarded-port': 'x' },
      ],
      ['cloudflare', { 'x-forwarded-for': `6.6.6.6, ${CLOUDFLARE_EDGE}`, 'cf-connecting-ip': '6.6.6.6, 7.7.7.7' }],
      ['fly', { 'fly-client-ip': 'unknown' }],
    ])('%j %j', async (setting, headers) => {
      expect((await ask(setting, PRIVATE_PROXY, headers)).status).toBe(400);
    });
  });

  it('reads the notations that proxies write', async () => {
    const notations: [Headers, string][] = [
      [{ 'x-forwarded-for': '203.0.113.7:4711' }, '203.0.113.7'],
      [{ 'x-forwarded-for': '[2001:DB8::7]:4711' }, '2001:db8::7'],
      [{ 'x-forwarded-for': '2001:DB8:0::7' }, '2001:db8::7'],
      [{ 'x-forwarded-for': '::ffff:203.0.113.7' }, '203.0.113.7'],
      [{ 'x-forwarded-for': '::ffff:cb00:7107' }, '203.0.113.7'],
      [{ 'x-forwarded-for': 'fe80::7%eth0' }, 'fe80::7'],
      [{ forwarded: 'for="[2001:DB8::7]:4711"' }, '2001:db8::7'],
      [{ forwarded: 'for=203.0.113.7;by=10.0.0.2', 'x-forwarded-for': '203.0.113.7' }, '203.0.113.7'],
    ];
    for (const [headers, ip] of notations) {
      const { seen } = await ask({ hops: 1 }, PRIVATE_PROXY, { ...headers });
      expect(seen?.client).toMatchObject({ ip, forwarded: true });
      expect(seen?.express.ip).toBe(ip);
    }
  });

  it('takes the forwarded host where it is overwritten, and compares it with the list', async () => {
    const told = { 'x-forwarded-for': ATTACKER, 'x-forwarded-proto': 'https', host: 'app:3000' };
    const good = await ask('caddy', PRIVATE_PROXY, { ...told, 'x-forwarded-host': 'SHOP.example' });
    expect(good.seen?.client).toMatchObject({ host: 'shop.example', origin: 'https://shop.example' });
    expect(good.seen?.express.hostname).toBe('shop.example');
    expect((await ask('caddy', PRIVATE_PROXY, { ...told, 'x-forwarded-host': 'evil.test' })).status).toBe(421);
    expect((await ask('nginx', PRIVATE_PROXY, { ...told, 'x-forwarded-host': 'shop.example' })).status).toBe(421);
    const ported = { ...told, 'x-forwarded-host': 'admin.shop.example', 'x-forwarded-port': '8443' };
    expect((await ask({ hops: 1, host: true }, PRIVATE_PROXY, ported)).seen?.client.host).toBe(
      'admin.shop.example:8443',
    );
  });

  describe('control: Express alone', () => {
    it.each([true, 1])('trust proxy %s, reached directly: the spoof works', async (trust) => {
      const app = express();
      app.set('trust proxy', trust);
      app.get('/', (req, res) => void res.json({ ip: req.ip, protocol: req.protocol, hostname: req.hostname }));
      const served = await serve(standingFor({ '127.0.0.1': ATTACKER }, app));
      const answer = await send(served.url, { headers: { host: 'shop.example', ...SPOOFS['all at once'] } });
      await served.close();
      expect(answer.json()).toEqual({ ip: '6.6.6.6', protocol: 'https', hostname: 'evil.test' });
    });

    it('trust proxy 1 behind HAProxy: the host is spoofed', async () => {
      const app = express();
      app.set('trust proxy', 1);
      app.get('/', (req, res) => void res.json({ ip: req.ip, hostname: req.hostname }));
      const served = await serve(standingFor({ '127.0.0.1': PRIVATE_PROXY }, app));
      const headers = appending(SPOOFS['X-Forwarded-Host'] ?? {});
      const answer = await send(served.url, { headers: { host: 'shop.example', ...headers } });
      await served.close();
      expect(answer.json()).toEqual({ ip: ATTACKER, hostname: 'evil.test' });
    });
  });
});

function appWith(express: Express, proxy: ProxySetting): unknown {
  const app = express();
  app.set('trust proxy', trustProxyFunction(proxy));
  const origins = ['https://shop.example', 'https://admin.shop.example', 'https://admin.shop.example:8443'];
  app.use(client({ origins, proxy }, { ...ALONE, emit: () => undefined }));
  app.get('/', (req, res) => {
    const { ip, protocol, hostname, headers } = req;
    res.json({ client: clientOf(req), express: { ip, protocol, hostname }, headers });
  });
  return app;
}

function expectTruth(
  seen: Seen | undefined,
  truth: { ip: string; peer: string; protocol: 'http' | 'https'; forwarded: boolean },
): void {
  expect(seen?.client).toEqual({
    ...truth,
    host: 'shop.example',
    hostname: 'shop.example',
    origin: `${truth.protocol}://shop.example`,
  });
  expect(seen?.express).toEqual({ ip: truth.ip, protocol: truth.protocol, hostname: 'shop.example' });
  // Nor does a library that reads the headers itself find anything else.
  expect(JSON.stringify(seen?.headers)).not.toMatch(/6\.6\.6\.6|606:606|evil|admin\.shop|6666|script/);
}
