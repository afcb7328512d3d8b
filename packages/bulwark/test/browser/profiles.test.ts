import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { headers } from '../../src/index.ts';
import { clearSiteData } from '../../src/practices/headers/index.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { bareSite, foreignSite, type Mount, type Site, securedSite } from '../support/site.ts';
import { useBrowser } from '../support/visit.ts';

const html = (body: string, head = ''): string =>
  `<!doctype html><html><head><meta charset="utf-8"><title>page</title>${head}</head><body>${body}</body></html>`;

describe.skipIf(CHROMIUM === undefined)('cookies and profiles, in Chromium', () => {
  const { visit, keep } = useBrowser();

  describe('cookies', () => {
    const cookies: Mount = (app) => {
      app.get('/careless', (_req, res) => {
        // What a host-bound cookie may not be: without Secure, with a path or a domain.
        res.appendHeader('Set-Cookie', '__Host-sid=1; Path=/careless');
        res.appendHeader('Set-Cookie', '__Host-domain=1; Secure; Path=/; Domain=localhost');
        res.appendHeader('Set-Cookie', '__Secure-token=1');
        res.appendHeader('Set-Cookie', 'third=1; SameSite=None');
        res.appendHeader('Set-Cookie', 'plain=1');
        res.send(html(''));
      });
    };
    const stored = async (page: Page): Promise<string[]> => {
      const all = await page.context().cookies();
      return all.map(({ name, httpOnly, secure, sameSite }) => [name, httpOnly, secure, sameSite].join(' ')).toSorted();
    };

    it('are stored as their names promise, and out of the reach of scripts', async () => {
      const page = await visit(`${(await keep(securedSite(cookies))).origin}/careless`);
      expect(await stored(page)).toEqual([
        '__Host-domain true true Lax',
        '__Host-sid true true Lax',
        '__Secure-token true true Lax',
        'plain true true Lax',
        'third true true None',
      ]);
      expect(await page.evaluate('document.cookie')).toBe('');

      const control = await visit(`${(await keep(bareSite(cookies))).origin}/careless`);
      expect(await stored(control)).toEqual(['plain false false Lax']);
      expect(await control.evaluate('document.cookie')).toBe('plain=1');
    });
  });

  it('clearSiteData() makes the browser forget cookies and storage', async () => {
    const logs =
      (clears: boolean): Mount =>
      (app) => {
        app.get('/', (_req, res) => {
          res.cookie('session', '1', { secure: true });
          res.cookie('seen', '1', { secure: true, path: '/', maxAge: 1e9 });
          res.send(html('<form method="post" action="/logout"><button>log out</button></form>'));
        });
        app.post('/logout', (_req, res) => {
          if (clears) clearSiteData(res);
          res.send(html('bye'));
        });
      };
    const left = async (site: Promise<Site>): Promise<unknown> => {
      const page = await visit((await keep(site)).origin);
      await page.evaluate(`localStorage.setItem('draft', 'secret'); sessionStorage.setItem('draft', 'secret')`);
      await page.click('button');
      await page.waitForURL('**/logout');
      expect(await page.textContent('body')).toBe('bye');
      const names = (await page.context().cookies()).map(({ name }) => name).toSorted();
      return { names, storage: await page.evaluate(`localStorage.getItem('draft')`) };
    };
    expect(await left(securedSite(logs(true)))).toEqual({ names: [], storage: null });
    expect(await left(securedSite(logs(false)))).toEqual({ names: ['seen', 'session'], storage: 'secret' });
  });

  describe('the profile `swagger`', () => {
    const DOT = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
    /** What Swagger UI does: an own script writes markup with style attributes; its style sheet holds images. */
    const docs: Mount = (app) => {
      app.get('/docs/ui.css', (_req, res) => void res.type('css').send('#ui { background: url("data:image/gif,x") }'));
      app.get('/docs/init.js', (_req, res) => {
        const markup = `<p style="color: rgb(1, 2, 3)">GET /pets</p><img src="${DOT}" alt="">`;
        res.type('js').send(`document.getElementById('ui').innerHTML = ${JSON.stringify(markup)};`);
      });
      app.get('/docs', (_req, res) => {
        const inline = '<script>globalThis.inlineRan = true</script>';
        const head = '<link rel="stylesheet" href="/docs/ui.css"><style>body { margin: 1px }</style>';
        res.send(html(`<div id="ui"></div>${inline}<script src="/docs/init.js"></script>`, head));
      });
    };
    const look = async (site: Promise<Site>): Promise<unknown> => {
      const page = await visit(`${(await keep(site)).origin}/docs`);
      return page.evaluate(`({
        markup: document.querySelector('#ui p')?.textContent ?? null,
        color: document.querySelector('#ui p') && getComputedStyle(document.querySelector('#ui p')).color,
        image: document.querySelector('#ui img')?.naturalWidth ?? null,
        margin: getComputedStyle(document.body).margin,
        inline: globalThis.inlineRan === true,
      })`);
    };
    const works = { markup: 'GET /pets', color: 'rgb(1, 2, 3)', image: 1, margin: '1px' };

    it('lets its page work, and still runs no inline script', async () => {
      const profiled: Mount = (app, origin) => {
        app.use('/docs', headers.profile('swagger'));
        docs(app, origin);
      };
      expect(await look(securedSite(profiled))).toEqual({ ...works, inline: false });
      expect(await look(securedSite(docs))).toEqual({
        markup: null,
        color: null,
        image: null,
        margin: '8px',
        inline: false,
      });
      expect(await look(bareSite(docs))).toEqual({ ...works, inline: true });
    });
  });

  describe('the profile `oauth-popup`', () => {
    /** An identity provider: its window tells the page that has opened it who has logged in. */
    const provider: Mount = (app) => {
      app.get('/authorize', (_req, res) => {
        res.send(html(`<script>opener?.postMessage('code', '*'); globalThis.hadOpener = opener !== null</script>`));
      });
    };

    async function logIn(site: Promise<Site>, path: string): Promise<{ hadOpener: boolean; code: string | null }> {
      const identity = await keep(foreignSite(provider));
      const page = await visit(`${(await keep(site)).origin}${path}`);
      await page.evaluate(`globalThis.code = null; addEventListener('message', ({ data }) => { code = data })`);
      const [popup] = await Promise.all([
        page.waitForEvent('popup'),
        page.evaluate(`void open('${identity.origin}/authorize')`),
      ]);
      await popup.waitForURL('**/authorize');
      const hadOpener = await popup.evaluate<boolean>('globalThis.hadOpener');
      if (hadOpener) await page.waitForFunction('globalThis.code !== null');
      return { hadOpener, code: await page.evaluate<string | null>('globalThis.code') };
    }

    const login: Mount = (app) => {
      app.get('/', (_req, res) => void res.send(html('')));
      app.get('/login', headers.profile('oauth-popup'), (_req, res) => void res.send(html('')));
    };

    it('keeps window.opener for the windows that its page opens, and for no others', async () => {
      expect(await logIn(securedSite(login), '/login')).toEqual({ hadOpener: true, code: 'code' });
      expect(await logIn(securedSite(login), '/')).toEqual({ hadOpener: false, code: null });
      expect(await logIn(bareSite(login), '/')).toEqual({ hadOpener: true, code: 'code' });
    });

    it('gives no hold on its page to one that opens it', async () => {
      const hold = async (site: Promise<Site>, isCut: boolean): Promise<unknown> => {
        const { origin } = await keep(site);
        const evil = await keep(foreignSite((app) => void app.get('/', (_req, res) => void res.send(html('')))));
        const page = await visit(evil.origin);
        const [popup] = await Promise.all([
          page.waitForEvent('popup'),
          page.evaluate(`void (globalThis.victim = open('${origin}/login'))`),
        ]);
        await popup.waitForURL('**/login');
        // The other process hears of it a moment later.
        if (isCut) await page.waitForFunction('victim.closed');
        return page.evaluate('victim.closed');
      };
      // To a page that is cut off, the window looks closed.
      expect(await hold(securedSite(login), true)).toBe(true);
      expect(await hold(bareSite(login), false)).toBe(false);
    });
  });
});
