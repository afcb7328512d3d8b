import { describe, expect, it } from 'vitest';
import { secure } from '../src/index.ts';
import { ask, QUIET } from './support/ask.ts';
import { EXPRESS_ALL } from './support/http.ts';

describe.each(EXPRESS_ALL)('the nonce of a response on Express %s', (_version, express) => {
  describe('res.locals.nonce', () => {
    it('is the nonce of the header where it is used, and absent where it is not', async () => {
      const app = express();
      secure(app, QUIET);
      app.get('/used', (_req, res) => void res.type('html').send(`<script nonce="${res.locals.nonce}">1</script>`));
      app.get('/unused', (_req, res) => void res.type('html').send('<p>no script</p>'));
      app.get('/own', (_req, res) => {
        res.locals.nonce = 'fixed';
        res.type('html').send(`<script nonce="${res.locals.nonce}">1</script>`);
      });
      const [used, again, unused, own] = await ask(
        app,
        { target: '/used' },
        { target: '/used' },
        { target: '/unused' },
        { target: '/own' },
      );
      const nonces = [used, again, own].map((answer) => /nonce="([^"]+)"/.exec(answer?.body ?? '')?.[1]);
      expect(new Set(nonces).size).toBe(3);
      for (const [i, answer] of [used, again, own].entries()) {
        expect(answer?.headers['content-security-policy']).toContain(`'nonce-${nonces[i]}'`);
      }
      expect(unused?.headers['content-security-policy']).not.toContain('nonce-');
    });

    it('is announced by a template that prints it, not by one that does not', async () => {
      const app = express();
      secure(app, QUIET);
      app.engine('txt', (path: string, locals: object, done: (error: null, text: string) => void) => {
        done(null, path.endsWith('with.txt') ? `nonce=${String((locals as { nonce: unknown }).nonce)}` : 'none');
      });
      app.set('views', new URL('./data/views', import.meta.url).pathname);
      app.get('/:view', (req, res) => res.render(`${req.params.view}.txt`));
      const [printed, silent] = await ask(app, { target: '/with' }, { target: '/without' });
      const nonce = /nonce=(\S+)/.exec(printed?.body ?? '')?.[1];
      expect(nonce).toMatch(/^[\w-]{16,}$/);
      expect(printed?.headers['content-security-policy']).toContain(`'nonce-${nonce}'`);
      expect(silent?.body).toBe('none');
      expect(silent?.headers['content-security-policy']).not.toContain('nonce-');
    });
  });
});
