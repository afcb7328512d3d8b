import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { compileKey } from './key.ts';
import { DEFAULTS, type ResolvedRateLimitOptions } from './options.ts';

function requestFrom(remoteAddress: string, body?: unknown): IncomingMessage {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
  return Object.assign(new IncomingMessage(socket), { body });
}

function keyOf(options: Partial<ResolvedRateLimitOptions>, req: IncomingMessage): string {
  return compileKey({ ...DEFAULTS, ...options }, 'limit()', true).of(req);
}

const account = (req: IncomingMessage): string | undefined => (req as { body?: { name?: string } }).body?.name;
const accountKey = (name: unknown, ip = '192.0.2.1'): string =>
  keyOf({ key: 'account', account }, requestFrom(ip, { name }));

describe('the client in a key', () => {
  it('is an IPv4 address whole, in whichever form it comes', () => {
    for (const ip of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201'])
      expect(keyOf({}, requestFrom(ip))).toBe('c:192.0.2.1');
    expect(keyOf({}, requestFrom('::ffff:192.0.2.2'))).not.toBe(keyOf({}, requestFrom('::ffff:192.0.2.1')));
  });

  it('is an IPv6 network: the addresses of one household are one client', () => {
    const a = keyOf({}, requestFrom('2001:db8:1:200::1'));
    expect(keyOf({}, requestFrom('2001:db8:1:2ff:ffff::9'))).toBe(a);
    expect(keyOf({}, requestFrom('2001:db8:1:300::1'))).not.toBe(a);
    expect(keyOf({ ipv6Prefix: 64 }, requestFrom('2001:db8:1:2ff:ffff::9'))).not.toBe(
      keyOf({ ipv6Prefix: 64 }, requestFrom('2001:db8:1:200::1')),
    );
  });
});

describe('the account in a key', () => {
  it('is kept as a digest, and the same however it is spelled', () => {
    const key = accountKey('bob@shop.example');
    expect(key).not.toContain('bob');
    for (const name of ['BOB@SHOP.example', '  bob@shop.example ', 'ｂｏｂ@shop.example', ['bob@shop.example']]) {
      expect(accountKey(name, '192.0.2.99')).toBe(key);
    }
    expect(accountKey('alice@shop.example')).not.toBe(key);
  });

  it.each<unknown>([undefined, null, '', '   ', []])('is the client where it is %j', (name) => {
    expect(accountKey(name)).toBe('c:192.0.2.1');
  });

  it.each<unknown>([{}, { toString: 1 }, [{ toString: 1 }], [['bob']], { name: 'bob' }])(
    'is one for all objects: %j',
    (name) => {
      expect(accountKey(name)).toBe(accountKey({ other: 1 }, '192.0.2.50'));
    },
  );

  it('stays short whatever is sent', () => {
    expect(accountKey('x'.repeat(1_000_000)).length).toBeLessThan(120);
    const deep: unknown = JSON.parse('['.repeat(5000) + ']'.repeat(5000));
    expect(accountKey(deep).length).toBeLessThan(120);
  });
});

describe('several parts', () => {
  it('give each pair a limit of its own', () => {
    const of = (name: string, ip: string): string =>
      keyOf({ key: ['account', 'client'], account }, requestFrom(ip, { name }));
    expect(new Set([of('a', '192.0.2.1'), of('b', '192.0.2.1'), of('a', '192.0.2.2')]).size).toBe(3);
  });

  it('cannot be mistaken for one another', () => {
    const of = (value: string): string => keyOf({ key: () => value }, requestFrom('192.0.2.1'));
    const byAccount = keyOf({ key: ['client', 'account'], account }, requestFrom('192.0.2.1', { name: 'x' }));
    expect(of('x')).not.toBe(byAccount);
    expect(of('c:192.0.2.1')).not.toBe('c:192.0.2.1');
    expect(of('a|b')).not.toBe(of('a'));
  });

  it('always have the client in them where a function is', () => {
    expect(keyOf({ key: ['account', () => 'x'], account }, requestFrom('192.0.2.1', { name: 'a' }))).toContain(
      'c:192.0.2.1',
    );
    expect(keyOf({ key: () => 'x', dangerouslyReplaceKey: true }, requestFrom('192.0.2.1'))).not.toContain('192.0.2.1');
  });
});
