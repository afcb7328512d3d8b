import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPRESS, type Served, send, serve } from '../../../test/support/http.ts';
import { standingFor } from '../../../test/support/peers.ts';
import { ALONE } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { compileHosts, parseHost } from './host.ts';
import { client, clientOf } from './index.ts';

const ORIGINS = [
  'https://shop.example',
  'https://bücher.example',
  'https://api.shop.example:8443',
  'https://[2001:DB8::1]:3000',
  'https://[::ffff:192.0.2.1]',
];

const GOOD: [host: string, canonical: string][] = [
  ['shop.example', 'shop.example'],
  ['SHOP.Example', 'shop.example'],
  ['shop.example:443', 'shop.example'],
  ['shop.example.', 'shop.example'],
  ['shop.example.:443', 'shop.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
  ['api.shop.example:8443', 'api.shop.example:8443'],
  ['[2001:db8::1]:3000', '[2001:db8::1]:3000'],
  ['[2001:0DB8:0:0::1]:3000', '[2001:db8::1]:3000'],
  ['[::ffff:c000:201]', '[::ffff:c000:201]'],
  ['internal_host:3000', 'internal_host:3000'],
  ['10.0.0.5', '10.0.0.5'],
];

const FOREIGN = [
  'evilshop.example',
  'shop.example.evil.test',
  'shop.example.evil.test:443',
  'evil.shop.example',
  'shop.example:444',
  'shop.example:80',
  'shop.example:8443',
  'api.shop.example',
  'shop-example',
  'shopXexample',
  'shop.exampl',
  'shop.examplee',
  'evil.test',
  'localhost',
  '127.0.0.1',
  '[::1]',
  '[2001:db8::1]',
  '[2001:db8::2]:3000',
  '0x0a.0.0.5',
  '167772165',
  '192.0.2.1',
];

const MALFORMED = [
  'shop.example@evil.test',
  'user:pass@shop.example',
  'shop.example,evil.test',
  'shop.example, shop.example',
  'shop.example evil.test',
  'shop.example\tx',
  'shop.example:',
  'shop.example:0',
  'shop.example:0443',
  'shop.example:65536',
  'shop.example:99999',
  'shop.example:443:443',
  'shop.example:x',
  'shop.example:-1',
  'shop.example:443@evil.test',
  'shop.example..',
  '.shop.example',
  'shop..example',
  '-shop.example',
  'shop.example/',
  'shop.example/x',
  'shop.example?x',
  'shop.example#x',
  'shop.example\\evil.test',
  'https://shop.example',
  'shop%2eexample',
  'shop.example%00',
  'shop.example;x',
  '[2001:db8::1',
  '[2001:db8::1]x',
  '[2001:db8::1%25eth0]:3000',
  '2001:db8::1',
  '[]',
  '[::g]',
  '"shop.example"',
  "shop.example'",
  '<script>',
  'b\u00fccher.example',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(130)}example`,
  '*',
];

describe.each(EXPRESS)('hosts on Express %s', (_version, express) => {
  let served: Served;

  beforeAll(async () => {
    const app = express();
    // On loopback, the test plays the proxy that ends TLS.
    app.use(client({ origins: ORIGINS, hosts: ['internal_host:3000', '10.0.0.5'], proxy: 'nginx' }));
    app.use((req, res) => void res.json(clientOf(req)));
    served = await serve(app);
  });

  afterAll(() => served.close());

  const tls = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
  const statusOf = async (host: string): Promise<number> =>
    (await send(served.url, { headers: { host, ...tls } })).status;

  it.each(GOOD)('%s is served as %s', async (host, canonical) => {
    for (const _ of ['parsed', 'remembered']) {
      const answer = await send(served.url, { headers: { host, ...tls } });
      expect(answer.json()).toMatchObject({ host: canonical, origin: `https://${canonical}` });
    }
  });

  it.each(FOREIGN)('%s is not served: 421', async (host) => {
    expect(await statusOf(host)).toBe(421);
  });

  it.each(MALFORMED)('%j is no host: 400', async (host) => {
    expect(await statusOf(host)).toBe(400);
  });

  it('every byte of a served host counts', async () => {
    const host = 'shop.example';
    for (let i = 0; i < host.length; i++) {
      const changed = `${host.slice(0, i)}${host[i] === 'x' ? 'y' : 'x'}${host.slice(i + 1)}`;
      expect(await statusOf(changed)).toBe(421);
      expect(await statusOf(host.slice(0, i) + host.slice(i + 1))).not.toBe(200);
    }
  });

  it('a default port belongs to its protocol', async () => {
    const plain = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http' };
    expect((await send(served.url, { headers: { host: 'shop.example:80', ...plain } })).status).toBe(200);
    expect((await send(served.url, { headers: { host: 'shop.example:443', ...plain } })).status).toBe(421);
  });

  describe('as written on the wire', () => {
    it.each([
      ['two Host headers', 'GET / HTTP/1.1\r\nHost: shop.example\r\nHost: shop.example', 400],
      ['two Host headers, one foreign', 'GET / HTTP/1.1\r\nHost: shop.example\r\nhOST: evil.test', 400],
      ['no Host in HTTP/1.0', 'GET / HTTP/1.0', 400],
      ['an empty Host', 'GET / HTTP/1.1\r\nHost:', 400],
      ['white space around Host', 'GET / HTTP/1.1\r\nHost:   shop.example  ', 200],
      ['white space in Host', 'GET / HTTP/1.1\r\nHost: shop.example evil.test', 400],
      ['an absolute target that agrees', 'GET http://shop.example/x HTTP/1.1\r\nHost: shop.example', 200],
      ['an absolute target in other letters', 'GET HTTP://SHOP.example:80/ HTTP/1.1\r\nHost: shop.example', 200],
      ['an absolute target without a path', 'GET http://shop.example?x HTTP/1.1\r\nHost: shop.example', 200],
      ['a foreign absolute target', 'GET http://evil.test/ HTTP/1.1\r\nHost: shop.example', 400],
      ['a foreign Host beside a good absolute target', 'GET http://shop.example/ HTTP/1.1\r\nHost: evil.test', 400],
      ['both foreign', 'GET http://evil.test/ HTTP/1.1\r\nHost: evil.test', 421],
      ['another port in the absolute target', 'GET http://shop.example:444/ HTTP/1.1\r\nHost: shop.example', 400],
      ['a user name in the absolute target', 'GET http://shop.example@evil.test/ HTTP/1.1\r\nHost: shop.example', 400],
      ['another scheme in the target', 'GET ftp://shop.example/ HTTP/1.1\r\nHost: shop.example', 400],
      ['a path that looks like an authority', 'GET //evil.test/ HTTP/1.1\r\nHost: shop.example', 200],
      ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: shop.example', 200],
    ])('%s', async (_name, head, status) => {
      expect(await rawStatus(served.port, head)).toBe(status);
    });
  });

  it('control: Express takes whatever host it is told', async () => {
    const app = express();
    app.use((req, res) => void res.json({ host: req.hostname }));
    const control = await serve(app);
    expect((await send(control.url, { headers: { host: 'shop.example.evil.test' } })).json()).toEqual({
      host: 'shop.example.evil.test',
    });
    expect(await rawStatus(control.port, 'GET / HTTP/1.1\r\nHost: shop.example\r\nHost: evil.test')).toBe(200);
    await control.close();
  });

  describe('loopback hosts', () => {
    it.each<['production' | 'development' | 'test', string, number]>([
      ['development', '127.0.0.1', 200],
      ['test', '127.0.0.1', 200],
      ['test', '::1', 200],
      ['production', '127.0.0.1', 421],
      ['development', '203.0.113.9', 421],
      ['development', '10.0.0.2', 421],
    ])('in %s, from %s: %i', async (mode, peer, status) => {
      const app = express();
      app.use(client({ origins: ['https://shop.example'] }, { ...ALONE, mode }));
      app.use((_req, res) => void res.send('ok'));
      const local = await serve(standingFor({ '127.0.0.1': peer }, app));
      for (const host of ['localhost', 'localhost:3000', '127.0.0.1', '127.0.0.1:5173', '[::1]:3000', 'LOCALHOST.']) {
        expect((await send(local.url, { headers: { host } })).status).toBe(status);
      }
      for (const host of ['localhost.evil.test', 'evil.test', '127.0.0.2', '127.0.0.1.evil.test', 'app.localhost']) {
        expect((await send(local.url, { headers: { host } })).status).toBe(421);
      }
      await local.close();
    });
  });

  it('alone and without a list it takes every well-formed host', async () => {
    const app = express();
    app.use(client());
    app.use((req, res) => void res.json(clientOf(req)));
    const open = await serve(app);
    expect((await send(open.url, { headers: { host: 'Any.Example.:80' } })).json()).toMatchObject({
      host: 'any.example',
    });
    expect((await send(open.url, { headers: { host: 'a@b' } })).status).toBe(400);
    await open.close();
  });
});

describe('the setting', () => {
  it.each<[unknown, string]>([
    ['*.shop.example', 'list each host'],
    ['https://shop.example', "write 'shop.example'"],
    ['https://shop.example:8443/x', "write 'shop.example:8443'"],
    ['shop.example/', 'name[:port]'],
    ['user@shop.example', 'name[:port]'],
    ['shop.example:0', 'name[:port]'],
    ['shop example', 'name[:port]'],
    ['', 'name[:port]'],
    [/shop/, 'name[:port]'],
    [8080, 'name[:port]'],
  ])('refuses the host %s', (host, fix) => {
    let error: unknown;
    try {
      client({ hosts: [host as string] });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'client.hosts[0]' });
    expect((error as ConfigError).fix).toContain(fix);
  });

  it('reads hosts as it reads the header', () => {
    const list = compileHosts(undefined, ['BÜCHER.example:443', 'plain.example:80', '[2001:DB8::1]:3000']);
    expect(list.find('xn--bcher-kva.example', 'https')).toMatchObject({ host: 'xn--bcher-kva.example' });
    expect(list.find('plain.example', 'http')).toMatchObject({ host: 'plain.example' });
    expect(list.find('[2001:db8:0::1]:3000', 'https')).toMatchObject({ hostname: '[2001:db8::1]' });
    expect(list.find('shop.example', 'https')).toBe('unknown');
  });

  it('refuses origins that are none', () => {
    expect(() => client({ origins: ['https://shop.example/'] })).toThrow(/ERR_CONFIG_ORIGIN/);
    expect(() => client({ origins: 'shop.example' })).toThrow(/ERR_CONFIG_ORIGIN/);
    expect(() => client({ origins: 7 as unknown as string })).toThrow(/ERR_CONFIG_ORIGIN/);
    expect(() => client({ origins: [] })).toThrow(/ERR_CONFIG_VALUE/);
  });

  it('stays right when thousands of spellings pass', () => {
    const list = compileHosts(undefined, []);
    for (let i = 0; i < 2000; i++)
      expect(list.find(`h${i}.example`, 'http')).toEqual(parseHost(`h${i}.example`, 'http'));
  });
});

function rawStatus(port: number, head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`${head}\r\nConnection: close\r\n\r\n`));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])));
  });
}
