import { describe, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { hostOf, isLoopbackOrigin, parseOrigin } from './origins.ts';

describe('parseOrigin', () => {
  it.each([
    ['https://shop.example', 'https://shop.example'],
    ['HTTPS://SHOP.Example', 'https://shop.example'],
    ['https://shop.example:443', 'https://shop.example'],
    ['http://shop.example:80', 'http://shop.example'],
    ['http://shop.example:443', 'http://shop.example:443'],
    ['https://shop.example:8443', 'https://shop.example:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://BÜCHER.example', 'https://xn--bcher-kva.example'],
    ['https://[2001:DB8::1]:8443', 'https://[2001:db8::1]:8443'],
    ['http://localhost:3000', 'http://localhost:3000'],
  ])('%s is %s', (given, expected) => {
    expect(parseOrigin(given, 'origins[0]')).toBe(expected);
    expect(new URL(expected).origin).toBe(expected);
  });

  it.each<[unknown, string]>([
    ['https://shop.example/', "write 'https://shop.example'"],
    ['https://shop.example/path', "write 'https://shop.example'"],
    ['https://shop.example?x=1', "write 'https://shop.example'"],
    ['https://shop.example#x', "write 'https://shop.example'"],
    ['https://shop.example\\x', "write 'https://shop.example'"],
    ['https://user:secret@shop.example', "write 'https://shop.example'"],
    ['https://shop.example:', "write 'https://shop.example'"],
    ['https://shop.example.', "write 'https://shop.example'"],
    ['https://shop.example.:8443', "write 'https://shop.example:8443'"],
    ['https://sh%6fp.example', "write 'https://shop.example'"],
    ['shop.example', "write 'https://shop.example'"],
    ['//shop.example', "write 'https://shop.example'"],
    ['https:shop.example', "write 'https://shop.example'"],
    ['https:\\\\shop.example', "write 'https://shop.example'"],
    ['localhost:3000', "write 'http://localhost:3000'"],
    ['https://*.shop.example', 'list each origin'],
    ['*', 'list each origin'],
    ['https://a.example,https://b.example', 'list each origin'],
    [/shop\.example$/, 'list each origin'],
    ['null', 'scheme://host[:port]'],
    ['NULL', 'scheme://host[:port]'],
    ['', 'scheme://host[:port]'],
    [' https://shop.example', 'scheme://host[:port]'],
    ['https://shop\t.example', 'scheme://host[:port]'],
    ['https://shop.example\n', 'scheme://host[:port]'],
    ['ftp://shop.example', 'scheme://host[:port]'],
    ['file:///etc/passwd', 'scheme://host[:port]'],
    ['chrome-extension://abcdef', 'scheme://host[:port]'],
    ['javascript:alert(1)', 'scheme://host[:port]'],
    ['https://', 'scheme://host[:port]'],
    ['https://shop..example', 'scheme://host[:port]'],
    ['https://shop.example:0', 'scheme://host[:port]'],
    ['https://shop.example:65536', 'scheme://host[:port]'],
    [undefined, 'scheme://host[:port]'],
    [null, 'scheme://host[:port]'],
    [true, 'scheme://host[:port]'],
    [['https://shop.example'], 'scheme://host[:port]'],
    [() => true, 'scheme://host[:port]'],
  ])('refuses %s and says: %s', (given, fix) => {
    const error = catchError(() => parseOrigin(given, 'cors.origins[1]'));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'ERR_CONFIG_ORIGIN', field: 'cors.origins[1]' });
    expect((error as ConfigError).fix).toContain(fix);
  });

  it('shows no password', () => {
    expect(String(catchError(() => parseOrigin('https://user:secret@shop.example', 'x')))).not.toContain('secret');
  });
});

it('hostOf', () => {
  expect(hostOf('https://shop.example')).toBe('shop.example');
  expect(hostOf('https://[::1]:3000')).toBe('[::1]:3000');
});

it('isLoopbackOrigin takes this machine, and no host that only looks like it', () => {
  const own = ['http://localhost', 'http://app.localhost:3000', 'http://127.0.0.1:1', 'http://[::1]'];
  const others = ['http://localhost.example', 'http://notlocalhost', 'http://127.0.0.1.example', 'http://[::2]'];
  expect(own.filter(isLoopbackOrigin)).toEqual(own);
  expect(others.filter(isLoopbackOrigin)).toEqual([]);
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
