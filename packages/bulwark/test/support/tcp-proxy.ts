import net from 'node:net';

/** A way to a server that can be slow, silent or closed. */
export interface TcpProxy {
  readonly port: number;
  /** Milliseconds that each piece takes on its way to the server and back. */
  delay: number;
  /** True: answers are kept, until it is false again. */
  holding: boolean;
  /** Swallows all that comes over the connections that there are now, and leaves them open; new ones work. */
  silence(): void;
  /** What clients have sent, piece by piece, since this was last emptied. */
  readonly sent: string[];
  close(): Promise<void>;
}

/** Stands before a server on loopback. */
export async function proxyTo(port: number): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  const held: (() => void)[] = [];
  let holding = false;
  const silent = new WeakSet<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    const later = (action: () => void): void => {
      if (proxy.delay === 0) action();
      else setTimeout(action, proxy.delay).unref();
    };
    client.on('data', (piece) => {
      if (silent.has(client)) return;
      proxy.sent.push(piece.toString('latin1'));
      later(() => void upstream.write(piece));
    });
    upstream.on('data', (piece) => {
      if (silent.has(client)) return;
      const give = (): void => later(() => void client.write(piece));
      if (holding) held.push(give);
      else give();
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TcpProxy = {
    port: (server.address() as net.AddressInfo).port,
    delay: 0,
    sent: [],
    silence: () => {
      for (const socket of sockets) silent.add(socket);
    },
    get holding() {
      return holding;
    },
    set holding(hold) {
      holding = hold;
      if (!hold) for (const give of held.splice(0)) give();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
