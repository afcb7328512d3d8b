import type { ErrorRequestHandler, RequestHandler } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Served, send, serve } from '../../../../test/support/http.ts';
import { connect, say, statusOf, until } from '../../limits/fixtures/raw-socket.ts';
import { input } from '../index.ts';

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function start(app: unknown): Promise<Served> {
  const served = await serve(app);
  open.push(served);
  return served;
}

describe.each(EXPRESS)('input: a body over the limit, on Express %s', (_, express) => {
  const announce = (length: number): string =>
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  const endless = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = `4000\r\n${'a'.repeat(0x4000)}\r\n`;
  const MANY = 128;

  function behind(handler: RequestHandler, errors: unknown[] = []): unknown {
    const app = express();
    app.use(handler);
    // An error handler that knows nothing of the refusal's headers.
    app.use(((error: { status: number }, _req, res, _next) => {
      errors.push(error);
      res.status(error.status).send('refused');
    }) as ErrorRequestHandler);
    return app;
  }

  it('is refused on its announcement: not a byte is waited for, and the connection is closed', async () => {
    const { port } = await start(behind(input() as RequestHandler));
    const heard = await say(port, announce(102_401));
    expect(statusOf(heard)).toBe(413);
    expect(heard).toMatch(/connection: close/i);
  });

  it('is refused as it passes the limit, though it never ends; express.json() waits for its end', async () => {
    const guardedApp = await start(behind(input() as RequestHandler));
    const cut = connect(guardedApp.port);
    cut.socket.write(endless + chunk.repeat(MANY));
    const heard = await cut.closed;
    expect(statusOf(heard)).toBe(413);
    expect(heard).toMatch(/connection: close/i);

    const control = await start(behind(express.json()));
    let read = 0;
    control.server.on('request', (req) => {
      req.on('data', (data: Buffer) => {
        read += data.length;
      });
    });
    const held = connect(control.port);
    held.socket.write(endless + chunk.repeat(MANY));
    await until(() => read === MANY * 0x4000);
    expect([held.heard(), held.socket.destroyed]).toEqual(['', false]);
    held.socket.destroy();
    await held.closed;
  });

  it('does not read on: an endless sender is cut off', async () => {
    const served = await start(behind(input() as RequestHandler));
    const sizes: number[] = [];
    served.server.on('connection', (socket) => socket.on('close', () => sizes.push(socket.bytesRead)));
    const { socket, closed } = connect(served.port);
    const pump = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', pump);
    socket.write(endless);
    pump();
    await closed;
    await until(() => sizes.length === 1);
    // What stands in the buffers of both sides when the answer goes out, not what a sender likes to send.
    expect(sizes[0]).toBeLessThan(16 * 1024 * 1024);
  });

  it('a body that ends early is refused with ERR_BODY_ABORTED, once, and nothing crashes', async () => {
    const errors: unknown[] = [];
    const served = await start(behind(input() as RequestHandler, errors));
    const received = new Promise<void>((resolve) => served.server.once('request', () => resolve()));
    const { socket } = connect(served.port);
    socket.write(`${announce(100)}{"a":`);
    await received;
    socket.destroy();
    await until(() => errors.length > 0);
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_BODY_ABORTED', status: 400 })]);
    expect((await send(served.url)).status).toBe(404);
  });
});
