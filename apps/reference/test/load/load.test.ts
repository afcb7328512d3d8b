import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Clients } from '../fuzz/clients.ts';
import type { FuzzedRequest } from '../fuzz/requests.ts';
import { type MeasuredChild, type Report, startMeasured } from '../support/measured-child.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

/** Attackers are spread over addresses so that the work that they ask for is refused for what it is, not for its number. */
function attack(
  path: string,
  headers: Record<string, string>,
  body: Buffer,
  chunked = false,
): (i: number) => FuzzedRequest {
  return (i) => ({ client: 10 + (i % 100), method: 'POST', target: path, headers, body, chunked });
}

const text = (content: string): Buffer => Buffer.from(content, 'latin1');
const boundary = 'b'.repeat(20);
const MULTIPART = { 'content-type': `multipart/form-data; boundary=${boundary}` };
const malformed = [
  `--${boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nno end`,
  `--${boundary}\r\n${'X-A: b\r\n'.repeat(5000)}\r\n\r\n--${boundary}--`,
  `--${boundary}\r\n`.repeat(10_000),
  `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n${'x'.repeat(90_000)}`,
  '\r\n'.repeat(40_000),
];

/** Name, how often, the request, the statuses that it may get; 0 is a connection that was closed while it still sent. */
const ATTACKS: readonly (readonly [string, number, (i: number) => FuzzedRequest, readonly number[]])[] = [
  [
    'bodies of 1 MB, 1,000 of them',
    1000,
    attack('/api/notes', JSON_TYPE, text(`"${'x'.repeat(1024 ** 2)}"`)),
    [0, 413, 429],
  ],
  ['the same, chunked', 200, attack('/api/notes', JSON_TYPE, text(`"${'x'.repeat(1024 ** 2)}"`), true), [0, 413, 429]],
  [
    'JSON of 50,000 levels',
    300,
    attack('/api/notes', JSON_TYPE, text('['.repeat(50_000) + ']'.repeat(50_000))),
    [400, 429],
  ],
  ['forms of 50,000 fields', 300, attack('/notes', FORM_TYPE, text('a&'.repeat(50_000))), [413, 415, 429]],
  ['forms of 100,000 fields', 300, attack('/notes', FORM_TYPE, text('a=&'.repeat(100_000))), [0, 413, 415, 429]],
  [
    'multipart that is malformed',
    300,
    (i) => attack('/notes', MULTIPART, text(malformed[i % malformed.length] ?? ''))(i),
    [0, 400, 413, 415, 429],
  ],
];

describe('under attack', () => {
  let child: MeasuredChild;
  let clients: Clients;
  let idle: Report;
  const figures: Record<string, Report> = {};

  beforeAll(async () => {
    child = await startMeasured();
    clients = new Clients(child.port, child.ca);
    for (let i = 0; i < 100; i++) await visit(i);
    await child.report();
    for (let i = 0; i < 100; i++) await visit(i);
    idle = await child.report();
  });
  afterAll(async () => {
    clients?.close();
    await child?.close();
    if (process.env.BULWARK_FIGURES !== undefined) console.log({ idle, ...figures });
  });

  /** Someone else, who wants to read the notes. */
  async function visit(i: number): Promise<number> {
    const headers = { accept: 'text/html' };
    const page = { client: 130 + (i % 120), method: 'GET', target: '/notes', headers, body: undefined, chunked: false };
    const { status } = await clients.send(page);
    // The connection that it had kept was closed while idle: a browser asks again on a new one (RFC 9112 9.3.1).
    return status === 0 ? (await clients.send(page)).status : status;
  }

  /** Visits, one after the other, until the attack is over; every one of them is to be served. */
  async function meanwhile(attackers: Promise<unknown>): Promise<number[]> {
    let over = false;
    const ended = attackers.finally(() => {
      over = true;
    });
    const statuses: number[] = [];
    while (!over && statuses.length < 1000) statuses.push(await visit(statuses.length));
    await ended;
    return statuses;
  }

  async function measure(name: string): Promise<void> {
    const report = await child.report();
    figures[name] = report;
    expect(child.alive()).toBe(true);
    expect(report.rss).toBeLessThan(idle.rss * 2 + 64 * 1024 ** 2);
    expect(report.heapUsed).toBeLessThan(idle.heapUsed * 2 + 32 * 1024 ** 2);
    // A bound for what one request may cost the others, far above what a busy machine adds.
    expect(report.maxMs).toBeLessThan(2000);
  }

  it.each(ATTACKS)(
    '%s: refused, others are served, memory stays bounded',
    async (name, count, make, statuses) => {
      const heard = new Map<number, number>();
      const attackers = pool(count, 40, async (i) => {
        const { status } = await clients.send(make(i));
        heard.set(status, (heard.get(status) ?? 0) + 1);
      });
      const served = await meanwhile(attackers);
      expect(served.filter((status) => status !== 200)).toEqual([]);
      expect(served.length).toBeGreaterThan(0);
      expect([...heard.keys()].filter((status) => !statuses.includes(status))).toEqual([]);
      // Refused for what they are: a limit on their number alone would prove nothing here.
      expect([...heard.keys()].some((status) => status >= 400 && status !== 429)).toBe(true);
      await measure(name);
    },
    60_000,
  );

  it('slowloris and slow bodies, 150 connections each: cut off with 408, others are served', async () => {
    const slow = [
      'GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ',
      `POST /api/notes HTTP/1.1\r\nHost: localhost:${child.port}\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{`,
    ];
    const sockets = await pool(300, 40, (i) => open(child, 10 + (i % 100), slow[i % 2] ?? ''));
    // A byte now and then is what makes the attack: no time-out of silence would end it.
    const drip = setInterval(() => {
      for (const { socket } of sockets) if (socket.writable) socket.write('a');
    }, 1000);
    try {
      const served = await meanwhile(Promise.all(sockets.map(({ closed }) => closed)));
      expect(served.filter((status) => status !== 200)).toEqual([]);
      for (const { heard } of sockets) expect(heard()).toMatch(/^HTTP\/1\.1 408 /);
    } finally {
      clearInterval(drip);
    }
    await measure('slow');
  }, 60_000);
});

interface Slow {
  readonly socket: TLSSocket;
  readonly closed: Promise<unknown>;
  heard(): string;
}

async function open({ port, ca }: MeasuredChild, client: number, message: string): Promise<Slow> {
  const options: ConnectionOptions & { localAddress: string } = {
    host: '127.0.0.1',
    port,
    ca,
    servername: 'localhost',
    localAddress: `127.0.0.${client}`,
  };
  const socket = connect(options);
  let heard = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    heard += chunk;
  });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'secureConnect');
  socket.write(message);
  return { socket, closed, heard: () => heard };
}

/** Carries out `count` tasks, `atOnce` at a time. */
async function pool<T>(count: number, atOnce: number, task: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      results[i] = await task(i);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
