import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { closeServer, EXPRESS, type Express, type Listener } from '../../../test/support/http.ts';
import { type SecurityEvent, secure } from '../../index.ts';
import { BATTERY, IN_ORDER } from './fixtures/battery.ts';
import { connect, statusOf } from './fixtures/raw-socket.ts';
import { limits, serverOptions } from './index.ts';

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeServer));
});

async function listen(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Says one message, ends, and hears the whole answer. */
function say(port: number, wire: string): Promise<string> {
  const connection = connect(port);
  connection.socket.end(Buffer.from(wire, 'latin1'));
  return connection.closed;
}

function addHandler(app: ReturnType<Express>): Listener {
  app.use((req, res) => {
    req.resume().on('end', () => void res.send('handled'));
  });
  return app as Listener;
}

function alone(express: Express): Server {
  const app = express();
  app.use(limits());
  addHandler(app);
  app.use(((error: { code: string; status: number }, _req, res, _next) => {
    res.status(error.status).send(error.code);
  }) as import('express').ErrorRequestHandler);
  return createServer(serverOptions(), app as Listener);
}

describe.each(EXPRESS)('messages that servers in a row read differently, on Express %s', (_version, express) => {
  it.each(BATTERY)('$name: node $node it, limits() refuses it', async ({ wire, node }) => {
    const bare = await say(await listen(createServer(addHandler(express()))), wire);
    expect(bare.includes('handled')).toBe(node === 'accepts');

    const heard = await say(await listen(alone(express)), wire);
    expect(heard).not.toContain('handled');
    expect([400, 413]).toContain(statusOf(heard));
    if (node === 'accepts') expect(heard).toMatch(/ERR_(?:HOST_INVALID|REQUEST_SMUGGLING)/);
  });

  it.each(BATTERY.filter(({ node }) => node === 'accepts'))(
    '$name: refused in a gate, with one event',
    async ({ wire }) => {
      const events: SecurityEvent[] = [];
      const app = express();
      const gate = secure(app, QUIET);
      gate.on('*', (event) => events.push(event));
      addHandler(app);
      const heard = await say(await listen(createServer(serverOptions(), app as Listener)), wire);
      expect(heard).not.toContain('handled');
      expect(statusOf(heard)).toBe(400);
      expect(events.map(({ event }) => event.split('_')[0])).toEqual(['malicious']);
    },
  );

  it.each(IN_ORDER)('lets pass: $name', async ({ wire }) => {
    expect(await say(await listen(createServer(addHandler(express()))), wire)).toContain('handled');
    expect(await say(await listen(alone(express)), wire)).toContain('handled');
  });
});

it('the battery is at least as large as the one that it was made after', () => {
  expect(BATTERY.length).toBeGreaterThanOrEqual(41);
});
