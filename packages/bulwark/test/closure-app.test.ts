import { describe, expect, it } from 'vitest';
import { secure } from '../src/index.ts';
import { ask, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Express } from './support/http.ts';
import { folderOf } from './support/views.ts';

const views = folderOf({ 'page.ejs': '<%- text %>' });
const EVIL = '<script>x()</script>';

/** An app that another calls by itself, as `vhost` does: no look-up finds it. */
function hidden(express: Express): ReturnType<Express> {
  const app = express();
  app.set('views', views);
  app.get('/away', (_req, res) => res.redirect('https://evil.example/'));
  app.get('/page', (_req, res) => res.render('page.ejs', { text: EVIL }));
  app.use('/plain', (_req, res) => res.redirect('https://evil.example/'));
  return app;
}

const TARGETS = [{ target: '/away' }, { target: '/page' }, { target: '/plain' }] as const;

describe.each(EXPRESS_ALL)('an app that is called by a closure, on Express %s', (_version, express) => {
  it('has the guards of the gate that it is called in', async () => {
    // Control: the same app without a gate.
    const [away, page, plain] = await ask(hidden(express), ...TARGETS);
    expect([away?.headers.location, page?.body, plain?.headers.location]).toEqual([
      'https://evil.example/',
      EVIL,
      'https://evil.example/',
    ]);

    const app = express();
    secure(app, QUIET);
    const inner = hidden(express);
    app.use((req, res, next) => inner(req, res, next));
    const answers = await ask(app, ...TARGETS);
    expect(answers.map(({ status, headers }) => [status, headers.location, headers['x-powered-by']])).toEqual([
      [400, undefined, undefined],
      [200, undefined, undefined],
      [400, undefined, undefined],
    ]);
    expect(answers[1]?.body).toBe('&lt;script&gt;x()&lt;/script&gt;');
  });

  it.each(['/away', '/plain'])('has them from its first request on: %s', async (target) => {
    const app = express();
    secure(app, QUIET);
    const inner = hidden(express);
    app.use((req, res, next) => inner(req, res, next));
    const [answer] = await ask(app, { target });
    expect([answer?.status, answer?.headers.location]).toEqual([400, undefined]);
  });
});
