import { describe, expect, it } from 'vitest';
import { dangerouslyRaw, type Policy, type SecurityEvent, secure, templates } from '../src/index.ts';
import { ask, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Express } from './support/http.ts';
import { folderOf } from './support/views.ts';

const EVIL = '<script>x()</script>';
const views = folderOf({
  'page.ejs': '<h1><%= title %></h1><%- include("part") %><%- body %>',
  'part.ejs': '<i><%= title %></i>',
  'scripted.ejs': '<script nonce="<%= nonce %>">const cart = <%- json(cart) %></script><%- layout %>',
  'nonced.ejs': '<script nonce="<%- nonce %>">1</script>',
  'odd.ejs': 'all <%- body %>',
});

interface Built {
  readonly app: ReturnType<Express>;
  readonly events: SecurityEvent[];
  readonly gate: ReturnType<typeof secure>;
}

/** An app that renders what it is asked for, with markup of a stranger in it. */
function build(
  express: Express,
  policy: Partial<Policy> = {},
  more: (app: Built['app']) => void = () => undefined,
): Built {
  const app = express();
  app.set('view engine', 'ejs');
  app.set('views', views);
  more(app);
  const gate = secure(app, { ...QUIET, ...policy });
  const events: SecurityEvent[] = [];
  gate.on('sys_template_warning', (event) => events.push(event));
  app.get('/:view', (req, res) => res.render(req.params.view, { title: EVIL, body: EVIL, cart: EVIL, layout: '' }));
  return { app, events, gate };
}

const SAFE = '&lt;script&gt;x()&lt;/script&gt;';
const ESCAPED = `<h1>${SAFE}</h1><i>${SAFE}</i>${SAFE}`;
const OPEN = `<h1>${SAFE}</h1><i>${SAFE}</i>${EVIL}`;

describe.each(EXPRESS_ALL)('templates of a secured app on Express %s', (_version, express) => {
  it('are rendered by the engine that escapes, and what it escapes is told', async () => {
    const { app, events } = build(express);
    const answers = await ask(app, { target: '/page' }, { target: '/page' });
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, ESCAPED],
      [200, ESCAPED],
    ]);
    expect(events).toEqual([expect.objectContaining({ level: 'WARN', practice: 'input' })]);
    expect(events[0]?.description).toContain('page.ejs:1 ');
  });

  it.each<[string, Partial<Policy>]>([
    ['templates off', { input: { templates: false } }],
    ['input off', { input: false }],
    ['input in monitor mode', { monitor: ['input'] }],
  ])('are not, with %s (the control)', async (what, policy) => {
    const { app, events } = build(express, policy);
    expect((await one(app, { target: '/page' })).body).toBe(OPEN);
    expect(events.length).toBe(what.endsWith('mode') ? 1 : 0);
  });

  it('keep the nonce, and JSON within it', async () => {
    const { app, events } = build(express);
    const [scripted, nonced, plain] = await ask(
      app,
      { target: '/scripted' },
      { target: '/nonced' },
      { target: '/page' },
    );
    for (const answer of [scripted, nonced]) {
      const nonce = /nonce="([\w-]{22})"/.exec(answer?.body ?? '')?.[1];
      expect(nonce).toBeDefined();
      expect(answer?.headers['content-security-policy']).toContain(`'nonce-${nonce}'`);
    }
    expect(plain?.headers['content-security-policy']).not.toContain('nonce-');
    expect(scripted?.body).toContain('const cart = "\\u003cscript\\u003ex()\\u003c/script\\u003e"</script>');
    expect(events.filter(({ description }) => !description.includes('page.ejs'))).toEqual([]);
  });

  it('are left to an engine that the app names itself, before or after', async () => {
    const own = (path: string, _options: object, done: (error: null, html: string) => void): void => {
      done(null, `own ${path.endsWith('page.ejs')}`);
    };
    const before = build(express, {}, (app) => void app.engine('ejs', own));
    const after = build(express);
    after.app.engine('ejs', own);
    for (const { app } of [before, after]) expect((await one(app, { target: '/page' })).body).toBe('own true');
  });

  it('are escaped in mounted apps and routers too', async () => {
    const { app } = build(express);
    const mounted = express();
    const routed = express();
    for (const inner of [mounted, routed]) {
      inner.set('views', views);
      inner.get('/', (_req, res) => res.render('odd.ejs', { body: EVIL }));
    }
    app.use('/mounted/app', mounted);
    const router = express.Router();
    router.use('/app', routed);
    app.use('/routed', router);
    const answers = await ask(app, { target: '/mounted/app' }, { target: '/routed/app' });
    expect(answers.map(({ body }) => body)).toEqual([`all ${SAFE}`, `all ${SAFE}`]);
  });

  it('take their options from the policy, which is read at once', async () => {
    const { app } = build(express, { input: { templates: { delimiter: '?' } } });
    expect((await one(app, { target: '/odd' })).body).toBe('all <%- body %>');
    const wrong = { ...QUIET, input: { templates: { delimeter: '?' } } } as Policy;
    expect(() => secure(express(), wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_UNKNOWN_KEY', field: 'input.templates.delimeter' }),
    );
  });

  it('refuse options that would be ignored, and say where they belong', async () => {
    const set = (app: Built['app']): void => void app.set('view options', { delimiter: '?' });
    await expect(build(express, {}, set).gate.listen({ port: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', field: "app.set('view options')" }),
    );
    const own = build(express, { input: { templates: false } }, set);
    expect((await one(own.app, { target: '/nobody' })).status).toBe(500);
    expect((await one(own.app, { target: '/page' })).body).toContain('<h1>');
  });

  it('whose engine cannot work fail as a page, not as an app', async () => {
    const { app } = build(express, { input: { templates: { ejs: {} } } });
    app.get('/fine/text', (_req, res) => void res.send('fine'));
    const [page, fine] = await ask(app, { target: '/page' }, { target: '/fine/text' });
    expect([page?.status, fine?.status]).toEqual([500, 200]);
    expect(page?.body).not.toContain('ejs');
  });
});

describe('the self-test', () => {
  it('lists what was let through unescaped, with its reason', async () => {
    const [, [, express]] = EXPRESS_ALL;
    const { gate } = build(express);
    const hatch = async (): Promise<string | undefined> =>
      (await gate.selfTest()).findings.find(({ id }) => id === 'input/escape-hatch')?.message;
    expect(await hatch()).toBeUndefined();
    dangerouslyRaw('<b>', { reason: 'made by our own build' });
    dangerouslyRaw('<i>', { reason: 'made by our own build' });
    expect(await hatch()).toContain('dangerouslyRaw() 2 times (made by our own build)');
  });
});

describe('templates', () => {
  it('is the same engine for an app without a gate', async () => {
    const [, [, express]] = EXPRESS_ALL;
    const app = express();
    app.engine('ejs', templates.ejs());
    app.set('views', views);
    app.get('/', (_req, res) => res.render('odd.ejs', { body: EVIL }));
    expect((await one(app, {})).body).toBe(`all ${SAFE}`);
  });
});
