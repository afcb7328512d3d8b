import { access, exempt, limits } from 'bulwark';
import type { Express } from 'express';
import type { Site } from '../site.ts';

/** `/healthz`: the process is alive; `/readyz`: its stores answer. */
export function mountHealth(app: Express, { notes }: Site): void {
  const unlimited = exempt('rate-limit', { reason: 'asked every few seconds by the machine that watches this server' });
  const essential = limits.priority('essential', { reason: 'a busy server is not a dead one' });

  app.get('/healthz', access.public('for the machine that watches'), unlimited, essential, (_req, res) => {
    res.json({ status: 'alive' });
  });
  app.get('/readyz', access.public('for the load balancer'), unlimited, essential, (_req, res) => {
    const sqlite = answers(() => notes.ping());
    res
      .status(sqlite ? 200 : 503)
      .json({ status: sqlite ? 'ready' : 'not ready', stores: { sqlite: sqlite ? 'ok' : 'down' } });
  });
}

function answers(ask: () => void): boolean {
  try {
    ask();
    return true;
  } catch {
    return false;
  }
}
