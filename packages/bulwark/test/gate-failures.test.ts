import { describe, expect, it, vi } from 'vitest';
import { secure } from '../src/index.ts';
import { ask, expectCovered, FOREIGN, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL } from './support/http.ts';

describe.each(EXPRESS_ALL)('what fails in or beside the gate on Express %s', (_version, express) => {
  it('covers the answer to a head that could not be written', async () => {
    const app = express();
    secure(app, QUIET);
    app.get('/value', (_req, res) => void res.writeHead(302, { Location: '/a\r\nb' }).end());
    app.get('/name', (_req, res) => void res.writeHead(200, { 'not a name': 'x' }).end());
    app.get('/status', (_req, res) => void res.writeHead(9999).end());
    const targets = ['/value', '/name', '/status'];
    for (const answer of await ask(app, ...targets.map((target) => ({ target })))) {
      expect(answer.status).toBe(500);
      expectCovered(answer);
    }
  });

  it("takes a status that is text, as node's own writeHead does", async () => {
    const app = express();
    secure(app, QUIET);
    app.get('/', (_req, res) => void res.writeHead('404' as unknown as number).end());
    expect((await one(app, { target: '/' })).status).toBe(404);
  });

  it('is not ended by a listener that rejects', async () => {
    const rejected = vi.fn<() => void>();
    const warned = vi.fn<() => void>();
    process.on('unhandledRejection', rejected);
    process.on('warning', warned);
    try {
      const app = express();
      const gate = secure(app, QUIET);
      gate.on('malicious_csrf', async () => {
        throw new Error('the alert service is down');
      });
      const answer = await one(app, { method: 'POST', target: '/', headers: FOREIGN });
      expect(answer.status).toBe(403);
      await vi.waitFor(() => expect(warned).toHaveBeenCalled());
      expect(rejected).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', rejected);
      process.off('warning', warned);
    }
  });

  it('knows the probes of two self-tests that are asked for at once', async () => {
    const app = express();
    const gate = secure(app, QUIET);
    const events: string[] = [];
    gate.on('*', ({ event }) => events.push(event));
    app.get('/', (_req, res) => void res.send('home'));
    const [first, second] = await Promise.all([gate.selfTest(), gate.selfTest()]);
    expect(first).toEqual(second);
    expect(first).toEqual(await gate.selfTest());
    expect(events.filter((event) => !event.startsWith('sys_'))).toEqual([]);
  });
});
