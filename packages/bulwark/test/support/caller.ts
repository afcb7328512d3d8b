import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../../src/context.ts';

/** A request from an address, as the practice `client` leaves it. Nothing is sent: for thousands of them a second. */
export function callFrom(ip: string, headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  const req = { url: '/login', method: 'POST', headers } as unknown as IncomingMessage;
  const host = 'shop.example';
  contextOf(req).client = {
    ip,
    peer: ip,
    protocol: 'https',
    host,
    hostname: host,
    origin: `https://${host}`,
    forwarded: false,
  };
  return req;
}

/** A response that keeps the cookies that are set, and those cookies as the next request sends them. */
export function answerTo(): { res: ServerResponse; cookies: string[]; cookie(): string } {
  const cookies: string[] = [];
  const res = { appendHeader: (_name: string, value: string) => cookies.push(value) } as unknown as ServerResponse;
  return { res, cookies, cookie: () => cookies.map((one) => one.split(';', 1)[0]).join('; ') };
}
