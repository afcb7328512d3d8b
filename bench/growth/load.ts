/** The load of a measurement of growth: connections that keep one request in flight each, every one another client's. */
import { connect, type Socket } from 'node:net';
import { addressOf, tokenOf } from './crowd.ts';
import type { CrowdOrder, CrowdResult } from './messages.ts';

const HEAD_END = Buffer.from('\r\n\r\n');

process.on('message', (order: CrowdOrder) => void load(order).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());

function load(order: CrowdOrder): Promise<CrowdResult> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const latencies: number[] = [];
    const cpu = process.cpuUsage();
    const begun = performance.now();
    let running = true;

    function open(port: number): void {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let rest: Buffer = Buffer.alloc(0);
      let sent = 0;
      const ask = (): void => {
        sent = performance.now();
        socket.write(requestOf(order), 'latin1');
      };
      sockets.add(socket);
      socket.on('connect', ask);
      socket.on('data', (chunk) => {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        const end = rest.indexOf(HEAD_END);
        if (end === -1 || !running) return;
        const head = rest.toString('latin1', 0, end);
        if (!head.startsWith('HTTP/1.1 200')) {
          reject(new Error(`not what was asked for:\n${head}`));
          return;
        }
        const length = end + HEAD_END.length + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
        if (rest.length < length) return;
        rest = rest.subarray(length);
        latencies.push((performance.now() - sent) * 1000);
        if (!/\r\nconnection: close/i.test(head)) ask();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        if (running) open(port);
      });
    }

    for (let i = 0; i < order.connections; i++) open(order.ports[i % order.ports.length] as number);
    setTimeout(() => {
      running = false;
      const ms = performance.now() - begun;
      for (const socket of sockets) socket.destroy();
      const { user, system } = process.cpuUsage(cpu);
      const sorted = latencies.toSorted((a, b) => a - b);
      const at = (part: number): number => sorted[Math.floor(part * sorted.length)] ?? Number.NaN;
      resolve({ responses: latencies.length, ms, cpu: user + system, p50: at(0.5), p99: at(0.99) });
    }, order.ms);
  });
}

function requestOf({ routes, clients, sessions }: CrowdOrder): string {
  const cookie = sessions > 0 ? `Cookie: __Host-session=${tokenOf(below(sessions))}\r\n` : '';
  return `GET /api/r${below(routes)}/42 HTTP/1.1\r\nHost: bench.example\r\nX-Forwarded-For: ${addressOf(below(clients))}\r\n${REST}${cookie}\r\n`;
}

function below(count: number): number {
  return Math.floor(Math.random() * count);
}

const REST = [
  'X-Forwarded-Proto: https',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
  'Accept: application/json',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: cors',
  'Sec-Fetch-Dest: empty',
  '',
].join('\r\n');
