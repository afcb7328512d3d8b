import { afterEach, describe, expect, it } from 'vitest';
import type { Policy } from '../../src/index.ts';
import { connect, type RawSocket, statusOf } from '../../src/practices/limits/fixtures/raw-socket.ts';
import { type Received, send } from '../support/http.ts';
import { type Child, endChildren, startChild } from './support/child.ts';
import type { Figures } from './support/program.ts';

/** Far more than it takes: machines are busy. */
const TIMEOUT = 90_000;

const sockets: RawSocket[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  await endChildren();
});

const HOST = { host: 'shop.example' };
const MB = 1024 ** 2;
const get = (child: Child, path: string, from: string): Promise<Received> =>
  send(child.url + path, { headers: HOST, from });
const post = (child: Child, from: string): Promise<Received> =>
  send(child.url, { method: 'POST', headers: { ...HOST, 'content-type': 'application/json' }, body: '{"a":1}', from });

/** For the reader of the test's output: as ratios to the idle server, for machines differ. */
function ratios(idle: Figures, loaded: Figures): string {
  const times = (a: number, b: number): string => `${(a / b).toFixed(2)} times`;
  const delay = times(Math.max(loaded.loopDelay, 0.1), Math.max(idle.loopDelay, 0.1));
  return `peak RSS ${times(loaded.peakRss, idle.peakRss)} the idle server's, loop delay (p99) ${delay}`;
}

/** How the server is while somebody asks it for a page now and then. */
async function idleFigures(child: Child): Promise<Figures> {
  for (let i = 0; i < 50; i++) await get(child, '/', '127.0.0.9');
  await child.begin();
  for (let i = 0; i < 50; i++) await get(child, '/', '127.0.0.9');
  const figures = await child.read();
  await child.begin();
  return figures;
}

const SLOW_HEADERS = 'GET / HTTP/1.1\r\nHost: shop.example\r\nX-A: ';
const SLOW_BODY =
  'POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"a":"';

/** 200 clients that never finish their headers, 100 that never finish their body, each with a byte now and then. */
function attack(port: number): { all: RawSocket[]; stop: () => void } {
  const open = (count: number, from: string, message: string): RawSocket[] =>
    Array.from({ length: count }, () => {
      const connection = connect(port, from);
      connection.socket.write(message);
      return connection;
    });
  const all = [...open(200, '127.0.0.2', SLOW_HEADERS), ...open(100, '127.0.0.3', SLOW_BODY)];
  sockets.push(...all);
  const drip = setInterval(() => {
    for (const { socket } of all) if (socket.writable) socket.write('a');
  }, 100);
  return { all, stop: () => clearInterval(drip) };
}

describe('slow clients', { timeout: TIMEOUT }, () => {
  it('are all cut off with 408 while others are served; bare Express keeps every one', async ({ annotate }) => {
    const limits = { headersTimeout: 1000, requestTimeout: 1500, connectionsCheckingInterval: 200 };
    const [gate, bare] = await Promise.all([startChild('gate', { limits }), startChild('bare')]);
    const idle = await idleFigures(gate);
    const [cut, held] = [attack(gate.port), attack(bare.port)];
    let over = false;
    const ended = Promise.all(cut.all.map(({ closed }) => closed)).finally(() => {
      over = true;
    });
    const served: number[] = [];
    while (!over) served.push((await get(gate, '/', '127.0.0.4')).status);
    const statuses = (await ended).map(statusOf);
    cut.stop();
    held.stop();
    expect(statuses).toEqual(statuses.map(() => 408));
    expect(served.length).toBeGreaterThan(10);
    expect(new Set(served)).toEqual(new Set([200]));
    expect(held.all.filter(({ socket, heard }) => socket.destroyed || heard() !== '')).toEqual([]);
    const loaded = await gate.read();
    expect(loaded.peakRss).toBeLessThan(idle.peakRss + 64 * MB);
    await annotate(`slowloris and slow bodies: ${ratios(idle, loaded)}; ${served.length} requests of others served`);
  });
});

const BODY = Buffer.from(`{"a":"${'x'.repeat(MB - 8)}"}`);

/** One body of a megabyte, as it is sent by somebody who does not look at the answer before he has to. */
async function sendBody(port: number, from: string): Promise<number> {
  const connection = connect(port, from);
  connection.socket.write(
    `POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n`,
  );
  connection.socket.write(BODY);
  return statusOf(await connection.closed);
}

/** A thousand of them, twenty at a time; how many got which status (0: cut off before it could be read). */
async function flood(port: number, count = 1000): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let left = count;
  const sender = async (from: string): Promise<void> => {
    while (left-- > 0) {
      const status = await sendBody(port, from);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, i) => sender(`127.0.0.${i + 10}`)));
  return statuses;
}

describe('a thousand bodies of a megabyte', { timeout: TIMEOUT }, () => {
  it('cost no memory where they are refused; express.json() reads and parses them all', async ({ annotate }) => {
    const limited: Partial<Policy> = { rateLimit: { limit: 1, window: '1h' }, input: { json: { limit: '2mb' } } };
    const [tooLarge, overLimit, bare] = await Promise.all([
      startChild('gate'),
      startChild('gate', limited),
      startChild('bare'),
    ]);

    const refusing = [
      [tooLarge, 413, 0],
      // Each of the twenty senders may send once: what is refused for the rate is not read either.
      [overLimit, 429, 20],
    ] as const;
    const peaks: number[] = [];
    for (const [child, status, taken] of refusing) {
      const idle = await idleFigures(child);
      const { 0: unheard = 0, 200: passed = 0, [status]: refused = 0, ...others } = await flood(child.port);
      const loaded = await child.read();
      expect([others, passed, loaded.parsed]).toEqual([{}, taken, taken]);
      expect(refused + unheard).toBe(1000 - taken);
      expect(refused).toBeGreaterThan(unheard);
      expect(loaded.peakRss).toBeLessThan(2 * idle.peakRss);
      expect((await get(child, '/healthz', '127.0.0.8')).status).toBe(200);
      peaks.push(loaded.peakRss);
      await annotate(`refused with ${status}: ${ratios(idle, loaded)}`);
    }

    const idle = await idleFigures(bare);
    expect(await flood(bare.port, 300)).toEqual({ 200: 300 });
    const loaded = await bare.read();
    expect(loaded.parsed).toBe(300);
    expect(loaded.peakRss).toBeGreaterThan(Math.max(...peaks));
    await annotate(`express.json(): ${ratios(idle, loaded)}`);
  });
});

describe('a route that burns the processor', { timeout: TIMEOUT }, () => {
  /** Four clients that call it without a pause, until they are stopped. */
  function burn(child: Child): { stop: () => Promise<void>; statuses: Set<number> } {
    let stopped = false;
    const statuses = new Set<number>();
    const burner = async (): Promise<void> => {
      while (!stopped) statuses.add((await get(child, '/burn', '127.0.0.2')).status);
    };
    const burners = Array.from({ length: 4 }, burner);
    return {
      statuses,
      stop: async () => {
        stopped = true;
        await Promise.all(burners);
      },
    };
  }

  it('is shed with what changes something, the essential route goes on, and it heals by itself', async ({
    annotate,
  }) => {
    const limits = { pressure: { maxEventLoopDelay: 120, interval: 50 } };
    const gate = await startChild('gate', { limits });
    const idle = await idleFigures(gate);
    const hog = burn(gate);
    const alive: number[] = [];
    const taken: number[] = [];
    while (!(taken.includes(503) && hog.statuses.has(503) && alive.length >= 10)) {
      alive.push((await get(gate, '/healthz', '127.0.0.3')).status);
      taken.push((await post(gate, '127.0.0.4')).status);
    }
    const loaded = await gate.read();
    await hog.stop();
    expect(new Set(alive)).toEqual(new Set([200]));
    expect(taken.every((status) => status === 200 || status === 503)).toBe(true);
    // By itself: nothing but the load has changed.
    while ((await post(gate, '127.0.0.4')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
    const { events } = await gate.read();
    expect(events.sys_overload_begins).toBeGreaterThan(0);
    expect(events.excess_requests_shed).toBeGreaterThan(0);
    await annotate(`a hog: ${ratios(idle, loaded)}; ${alive.length} health checks answered`);

    const bare = await startChild('bare');
    const control = burn(bare);
    const answers: number[] = [];
    answers.push((await post(bare, '127.0.0.4')).status);
    await control.stop();
    expect([answers, [...control.statuses]]).toEqual([[200], [200]]);
  });
});
