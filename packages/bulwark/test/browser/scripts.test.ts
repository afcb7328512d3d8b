import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../src/index.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { bareSite, foreignSite, type Mount, type Site, securedSite } from '../support/site.ts';
import { useBrowser } from '../support/visit.ts';

/** A script that leaves its name on the page. */
const ran = (name: string): string => `(globalThis.ran ??= []).push('${name}');`;

/** A script that leaves on the page what became of something it tried. */
const tries = (name: string, code: string): string =>
  `try { ${code}; ${ran(name)} } catch (error) { (globalThis.failed ??= []).push('${name}: ' + error.name); }`;

const SCRIPTS: Readonly<Record<string, string>> = {
  '/own.js': ran('own file'),
  '/loaded.js': ran('loaded by a script'),
  '/sinks.js': [
    tries(
      'innerHTML',
      `document.body.insertAdjacentElement('beforeend', document.createElement('p')).innerHTML = '<b>x</b>'`,
    ),
    tries('document.write', `document.write('')`),
    tries('script.src', `document.createElement('script').src = '/loaded.js'`),
    tries('eval', `(0, eval)('1')`),
    tries('Function', `new Function('1')`),
    tries(
      'a policy of one’s own',
      `document.body.append(document.createElement('p')); const own = trustedTypes.createPolicy('own', {
      createHTML: (text) => text.replaceAll('<', '&lt;') }); document.querySelector('p').innerHTML = own.createHTML('<b>x</b>')`,
    ),
    tries(
      'textContent',
      `document.body.append(Object.assign(document.createElement('p'), { textContent: '<b>x</b>' }))`,
    ),
  ].join('\n'),
};

const LOAD = `const own = trustedTypes.createPolicy('loader', { createScriptURL: (url) => url });
  document.head.append(Object.assign(document.createElement('script'), { src: own.createScriptURL('/loaded.js') }));`;

const html = (body: string): string => `<!doctype html><meta charset="utf-8"><title>page</title><body>${body}</body>`;

const pages: Mount = (app) => {
  for (const [path, code] of Object.entries(SCRIPTS)) app.get(path, (_req, res) => void res.type('js').send(code));
  app.get('/plain', (_req, res) => {
    const inline = `<script>${ran('inline')}</script><button onclick="${ran('handler')}">go</button>`;
    const link = `<a href="javascript:${encodeURIComponent(ran('javascript: link'))}">go</a>`;
    res.send(
      html(`${inline}${link}<img src="/nowhere" onerror="${ran('error handler')}"><script src="/own.js"></script>`),
    );
  });
  app.get('/nonced', (req, res) => {
    // Without a gate there is no nonce to be had, and none is needed.
    const nonce = String((res.locals as { nonce?: string }).nonce ?? '');
    const injected = `<script>${ran('injected')}</script><script nonce="guessed">${ran('guessed')}</script>`;
    const own = `<script nonce="${nonce}">${ran('nonced')}${LOAD}</script><script src="/own.js"></script>`;
    res.send(html(`${injected}${req.query.stale === undefined ? '' : (req.query.stale as string)}${own}`));
  });
  app.get('/sinks', (_req, res) => void res.send(html('<script src="/sinks.js"></script>')));
  app.get('/base', (req, res) => {
    res.send(`<!doctype html><head><base href="${req.query.to as string}/"></head><body><a href="x">go</a></body>`);
  });
  app.get('/styled', (_req, res) => {
    res.send(html(`<style>body { color: rgb(1, 2, 3) }</style><p style="color: rgb(4, 5, 6)">text</p>`));
  });
};

describe.skipIf(CHROMIUM === undefined)('scripts in Chromium', () => {
  const { visit, keep } = useBrowser();
  const secured = (policy?: Partial<Policy>): Promise<Site> => keep(securedSite(pages, policy));
  const bare = (): Promise<Site> => keep(bareSite(pages));
  const read = async (page: Page, name: 'ran' | 'failed'): Promise<string[]> =>
    (await page.evaluate<string[] | undefined>(`globalThis.${name}`)) ?? [];

  async function pressed({ origin }: Site, last?: string): Promise<string[]> {
    const page = await visit(`${origin}/plain`);
    await page.click('button');
    await page.click('a');
    if (last !== undefined) await page.waitForFunction(`globalThis.ran.includes('${last}')`);
    return read(page, 'ran');
  }

  it('runs no inline script, no event handler and no javascript: link; files of its own run', async () => {
    expect(await pressed(await secured())).toEqual(['own file']);
    const all = ['inline', 'own file', 'error handler', 'handler', 'javascript: link'];
    // A javascript: link runs in a task of its own, after the click.
    expect((await pressed(await bare(), 'javascript: link')).toSorted()).toEqual(all.toSorted());
  });

  it('runs what carries the nonce, and what that loads', async () => {
    const page = await visit(`${(await secured()).origin}/nonced`);
    await page.waitForFunction(`globalThis.ran.includes('loaded by a script')`);
    expect(await read(page, 'ran')).toEqual(['nonced', 'loaded by a script']);
    const control = await visit(`${(await bare()).origin}/nonced`);
    await control.waitForFunction(`globalThis.ran.includes('loaded by a script')`);
    expect(await read(control, 'ran')).toEqual(['injected', 'guessed', 'nonced', 'own file', 'loaded by a script']);
  });

  it('does not run what carries the nonce of an earlier answer', async () => {
    const { origin } = await secured();
    const first = await visit(`${origin}/nonced`);
    const nonce = await first.evaluate<string>(
      `[...document.scripts].find(({ text }) => text.includes('nonced')).nonce`,
    );
    expect(nonce).toMatch(/^[\w+/=-]{20,}$/);
    const stale = encodeURIComponent(`<script nonce="${nonce}">${ran('stale')}</script>`);
    const again = await visit(`${origin}/nonced?stale=${stale}`);
    expect(await read(again, 'ran')).not.toContain('stale');
    const control = await visit(`${(await bare()).origin}/nonced?stale=${stale}`);
    expect(await read(control, 'ran')).toContain('stale');
  });

  it('lets no string become code or markup, and a policy of Trusted Types through', async () => {
    const safe = ['a policy of one’s own', 'textContent'];
    const page = await visit(`${(await secured()).origin}/sinks`);
    expect(await read(page, 'ran')).toEqual(safe);
    expect(await read(page, 'failed')).toEqual([
      'innerHTML: TypeError',
      'document.write: TypeError',
      'script.src: TypeError',
      'eval: EvalError',
      'Function: EvalError',
    ]);
    const control = await visit(`${(await bare()).origin}/sinks`);
    expect(await read(control, 'ran')).toEqual([
      'innerHTML',
      'document.write',
      'script.src',
      'eval',
      'Function',
      ...safe,
    ]);
  });

  it('follows no <base> to another site, and takes no inline style', async () => {
    const elsewhere = 'https://127.0.0.1:9';
    const target = (page: Page): Promise<string> => page.evaluate(`document.querySelector('a').href`);
    const color = (page: Page): Promise<string> => page.evaluate(`getComputedStyle(document.querySelector('p')).color`);
    const { origin } = await secured();
    expect(await target(await visit(`${origin}/base?to=${elsewhere}`))).toBe(`${origin}/x`);
    expect(await color(await visit(`${origin}/styled`))).toBe('rgb(0, 0, 0)');
    const control = await bare();
    expect(await target(await visit(`${control.origin}/base?to=${elsewhere}`))).toBe(`${elsewhere}/x`);
    expect(await color(await visit(`${control.origin}/styled`))).toBe('rgb(4, 5, 6)');
  });

  it('is shown in no frame, not even in one of its own', async () => {
    const frames = (site: Site): Promise<Site> =>
      keep(
        foreignSite((app) => {
          app.get('/frame', (_req, res) => void res.send(html(`<iframe src="${site.origin}/nonced"></iframe>`)));
        }),
      );
    const framed = async (url: string): Promise<string | undefined> => {
      const page = await visit(url);
      return page.frames()[1]?.url();
    };
    const FRAME: Mount = (app, origin) => {
      pages(app, origin);
      app.get('/self', (_req, res) => void res.send(html(`<iframe src="/nonced"></iframe>`)));
    };
    // Without the isolation of reads the headers are all that refuses.
    for (const csrf of [{}, { isolateReads: false }]) {
      const site = await keep(securedSite(FRAME, { csrf }));
      expect(await framed(`${(await frames(site)).origin}/frame`)).not.toContain(site.origin);
      expect(await framed(`${site.origin}/self`)).not.toContain(site.origin);
    }
    const control = await keep(bareSite(FRAME));
    expect(await framed(`${(await frames(control)).origin}/frame`)).toBe(`${control.origin}/nonced`);
    expect(await framed(`${control.origin}/self`)).toBe(`${control.origin}/nonced`);
  });

  describe('a violation', () => {
    const violations = ({ events }: Site): object[] => events.filter(({ event }) => event === 'csp_violation');

    it.each([
      ['report-to', {}],
      ['report-uri', { headers: { contentSecurityPolicy: { directives: { reportTo: false } } } }],
    ] as const)('is told to the app by %s', async (_, policy) => {
      const site = await secured(policy);
      const page = await visit(`${site.origin}/plain?secret=1`);
      await expect.poll(() => violations(site).length, { timeout: 15_000 }).toBeGreaterThan(0);
      await page.close();
      expect(violations(site)).toContainEqual(
        expect.objectContaining({
          event: 'csp_violation',
          practice: 'headers',
          path: '/plain',
          details: expect.objectContaining({ kind: 'csp-violation', directive: 'script-src-elem', blocked: 'inline' }),
        }),
      );
      expect(JSON.stringify(violations(site))).not.toContain('secret');
      expect(site.events.filter(({ event }) => event !== 'csp_violation')).toEqual([]);
    });
  });
});
