import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { one } from '../../../../test/support/ask.ts';
import { EXPRESS, type Express, type Sent } from '../../../../test/support/http.ts';
import { folderOf } from '../../../../test/support/views.ts';
import { ejsEngine } from './ejs-engine.ts';
import { templates } from './templates.ts';

const plainEjs = createRequire(import.meta.url)('ejs') as { renderFile: unknown };

describe.each(EXPRESS)('what a page is rendered with, on Express %s', (_version, express) => {
  const json = (value: unknown, target = '/page'): Sent => ({
    method: 'POST',
    target,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });

  /** An app that hands what it is sent to its page, and a folder that strangers may upload to. */
  function build(make: Express, engine: unknown): { app: ReturnType<Express>; uploads: string } {
    const views = folderOf({
      'part.ejs': 'the app’s own part',
      'pages/page.ejs': '<h1><%= typeof title === "undefined" ? "" : title %></h1><%- include("part") %>',
    });
    const uploads = folderOf({ 'part.ejs': '<%= globalThis.process.pid %> was here' });
    const app = make();
    app.set('views', views);
    app.set('query parser', 'extended');
    app.engine('ejs', engine as () => void);
    app.use(make.json());
    app.get('/page', (req, res) => res.render('pages/page.ejs', req.query));
    app.post('/page', (req, res) => res.render('pages/page.ejs', req.body as object));
    return { app, uploads };
  }

  it('is no option: plain EJS 7 still takes its folders from it, and so runs an upload (the control)', async () => {
    const control = build(express, plainEjs.renderFile);
    const own = build(express, templates.ejs());
    for (const [{ app, uploads }, ran] of [
      [control, true],
      [own, false],
    ] as const) {
      const query = { target: `/page?settings[views][]=${encodeURIComponent(uploads)}` };
      const answers = [await one(app, query), await one(app, json({ settings: { views: [uploads] } }))];
      for (const { status, body } of answers) {
        expect([status, body.includes(`${process.pid} was here`)]).toEqual([200, ran]);
        expect(body.includes('the app’s own part')).toBe(!ran);
      }
    }
  });

  it.each<[string, object]>([
    ['CVE-2022-29078', { settings: { 'view options': { outputFunctionName: 'x;globalThis.hacked=1;s' } } }],
    [
      'client and escapeFunction',
      { settings: { 'view options': { client: true, escapeFunction: '1;globalThis.hacked=1' } } },
    ],
    [
      'options at the top',
      {
        outputFunctionName: 'x;globalThis.hacked=1;s',
        client: 1,
        escape: 'x',
        delimiter: '?',
        localsName: 'x',
        destructuredLocals: ['x;globalThis.hacked=1'],
        cache: true,
        filename: '/etc/passwd',
        root: '/etc',
        includer: 'x',
        async: true,
        debug: true,
        compileDebug: false,
        strict: true,
        context: 'x',
        rmWhitespace: true,
      },
    ],
    [
      'the engine’s own names',
      { escapeFn: 'x', include: 'x', __append: 'x', __output: '<script>', rethrow: 'x', __line: 'x' },
    ],
    ['prototypes', { constructor: { prototype: { escapeFn: 'x' } } }],
    ['helpers', { sanitized: 'x', url: 'x', json: 'x', layout: 'x', dangerouslyRaw: 'x' }],
  ])('renders the page as it is: %s', async (_what, sent) => {
    const { app } = build(express, templates.ejs());
    const { status, body } = await one(app, json({ ...sent, title: '<b>' }));
    expect([status, body]).toEqual([200, '<h1>&lt;b&gt;</h1>the app’s own part']);
    expect(globalThis).not.toHaveProperty('hacked');
  });

  it('cannot say that it is safe', async () => {
    const views = folderOf({ 'page.ejs': '<%- locals.a %>' });
    const app = express();
    app.set('views', views);
    app.engine('ejs', ejsEngine({}, { mode: 'production', emit: () => undefined }));
    app.use(express.json());
    app.post('/', (req, res) => res.render('page.ejs', req.body as object));
    for (const a of [{ html: '<b>', kind: 'markup' }, ['<b>'], [['<b>']], { '0': '<b>', length: 1 }, '<b>']) {
      const { body } = await one(app, json({ a }, '/'));
      expect(body).not.toContain('<');
      expect(body).not.toBe('');
    }
  });

  it('is not looked for on Object.prototype', async () => {
    const polluted = Object.prototype as Record<string, unknown>;
    const names = ['escape', 'escapeFunction', 'outputFunctionName', 'localsName', 'escapeFn', 'include', 'client'];
    const { app } = build(express, templates.ejs());
    try {
      for (const name of names) polluted[name] = 'x;globalThis.hacked=1;s';
      const { status, body } = await one(app, json({ title: '<b>' }));
      expect([status, body]).toEqual([200, '<h1>&lt;b&gt;</h1>the app’s own part']);
    } finally {
      for (const name of names) delete polluted[name];
    }
    expect(globalThis).not.toHaveProperty('hacked');
  });
});
