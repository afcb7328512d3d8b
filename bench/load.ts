/** The load process: raw sockets that keep one request in flight each, so that the client costs as little as it can. */
import { connect, type Socket } from 'node:net';
import type { LoadOrder, LoadResult } from './messages.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_AT = 'HTTP/1.1 '.length;

process.on('message', (order: LoadOrder) => void load(order).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());

function load({ port, requests, status, ms }: LoadOrder): Promise<LoadResult> {
  return new Promise((resolve) => {
    const sockets = new Set<Socket>();
    let responses = 0;
    let unexpected = 0;
    let head = '';
    let running = true;

    function open(request: string): void {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let rest: Buffer = Buffer.alloc(0);
      sockets.add(socket);
      socket.on('connect', () => socket.write(request, 'latin1'));
      socket.on('data', (chunk) => {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        const answer = readAnswer(rest);
        if (answer === undefined || !running) return;
        rest = rest.subarray(answer.length);
        responses += 1;
        if (answer.status !== status) unexpected += 1;
        head = answer.head;
        if (!answer.closes) socket.write(request, 'latin1');
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        if (running) open(request);
      });
    }

    const begun = performance.now();
    for (const request of requests) open(request);
    setTimeout(() => {
      running = false;
      const elapsed = performance.now() - begun;
      for (const socket of sockets) socket.destroy();
      resolve({ responses, unexpected, ms: elapsed, head });
    }, ms);
  });
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly length: number;
  readonly closes: boolean;
}

/** Reads one answer with a Content-Length; undefined while it is not whole. */
function readAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const body = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (body === undefined) throw new Error(`an answer without Content-Length:\n${head}`);
  const length = end + HEAD_END.length + Number(body);
  if (bytes.length < length) return undefined;
  const closes = /\r\nconnection: close/i.test(head);
  return { status: Number(head.slice(STATUS_AT, STATUS_AT + 3)), head, length, closes };
}
