import { createRequire } from 'node:module';
import type { Express, RequestHandler } from 'express';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { headers, type Policy } from '../../src/index.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { bareSite, foreignSite, type Mount, type Site, securedSite } from '../support/site.ts';
import { useBrowser } from '../support/visit.ts';

const corsPackage = createRequire(import.meta.url)('cors') as (options: object) => RequestHandler;

const html = (body: string): string => `<!doctype html><meta charset="utf-8"><title>page</title><body>${body}</body>`;

/** A form that a click sends. */
const form = (action: string, attributes = '', fields = '<input name="to" value="mallory">'): string =>
  html(`<form method="post" action="${action}" ${attributes}>${fields}<button>send</button></form>`);

/** A page to call from. */
const HOME: Mount = (app) => void app.get('/', (_req, res) => void res.send(html('elsewhere')));

/** The smallest PNG there is. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** A bank whose handlers can be counted. */
function bank(): { mount: Mount; sent: { origin: string | undefined; cookie: boolean; body: unknown }[] } {
  const sent: ReturnType<typeof bank>['sent'] = [];
  const mount = (app: Express): void => {
    app.get('/login', (_req, res) => {
      res.cookie('session', 'alice', { secure: true, sameSite: 'none', httpOnly: true });
      res.send(form('/transfer'));
    });
    app.all(['/transfer', '/transfer/:id'], (req, res) => {
      const cookie = req.headers.cookie?.includes('session=alice') === true;
      sent.push({ origin: req.headers.origin, cookie, body: req.body });
      res.json({ done: true, cookie });
    });
    app.get('/pixel.png', (_req, res) => void res.type('png').send(PIXEL));
    app.get('/lib.js', (_req, res) => void res.type('js').send('globalThis.libraryRan = true;'));
    app.get('/frame', (_req, res) => void res.send(html('a frame')));
  };
  return { mount, sent };
}

describe.skipIf(CHROMIUM === undefined)('pages of other sites, in Chromium', () => {
  const { page: newPage, visit, keep } = useBrowser();

  async function open(kind: 'secured' | 'bare', policy?: Partial<Policy>, more: Mount = () => undefined) {
    const { mount, sent } = bank();
    const both: Mount = (app, origin) => {
      more(app, origin);
      mount(app, origin);
    };
    const site = await keep(kind === 'bare' ? bareSite(both) : securedSite(both, policy));
    return { site, sent };
  }

  /** Logs in, so that there is a cookie to abuse. */
  async function victim({ origin }: Site): Promise<Page> {
    const page = await visit(`${origin}/login`);
    expect((await page.context().cookies()).map(({ name }) => name)).toEqual(['session']);
    return page;
  }

  async function submit(page: Page): Promise<number | undefined> {
    const [answer] = await Promise.all([page.waitForNavigation(), page.click('button')]);
    return answer?.status();
  }

  describe('a form', () => {
    it('of its own is taken, although Referrer-Policy: no-referrer makes its Origin null', async () => {
      const { site, sent } = await open('secured');
      expect(await submit(await victim(site))).toBe(200);
      expect(sent).toEqual([{ origin: 'null', cookie: true, body: { to: 'mallory' } }]);
    });

    it('of its own is what comparing Origin alone would refuse', async () => {
      const { site, sent } = await open('bare', {}, (app, origin) => {
        app.use((req, res, next) => {
          res.setHeader('Referrer-Policy', 'no-referrer');
          if (req.method === 'POST' && req.headers.origin !== origin) res.status(403).send('refused');
          else next();
        });
      });
      expect(await submit(await victim(site))).toBe(403);
      expect(sent).toEqual([]);
    });

    const FORGERIES = [
      ['a plain form', '', undefined, ''],
      ['JSON in plain text', 'enctype="text/plain"', `<input name='{"to":"mallory","x":"' value='"}'>`, ''],
      ['a form with files', 'enctype="multipart/form-data"', undefined, ''],
      ['a form in a new window', 'target="_blank"', undefined, ''],
      ['a form whose page hides where it stands', '', undefined, '<meta name="referrer" content="no-referrer">'],
    ] as const;

    async function forge(site: Site, attributes: string, fields: string | undefined, head: string): Promise<number> {
      const evil = await keep(
        foreignSite((app) => {
          app.get('/evil', (_req, res) => void res.send(head + form(`${site.origin}/transfer`, attributes, fields)));
        }),
      );
      const page = await victim(site);
      await page.goto(`${evil.origin}/evil`);
      const answered = page.context().waitForEvent('response', (response) => response.url().endsWith('/transfer'));
      await page.click('button');
      return (await answered).status();
    }

    it.each(FORGERIES)('of another site is refused: %s', async (_, ...forgery) => {
      const { site, sent } = await open('secured');
      expect(await forge(site, ...forgery)).toBe(403);
      expect(sent).toEqual([]);
      expect(site.events).toContainEqual(expect.objectContaining({ event: 'malicious_csrf' }));

      const control = await open('bare');
      expect(await forge(control.site, ...forgery)).toBe(200);
      expect(control.sent).toMatchObject([{ cookie: true }]);
    });

    it('of another port of its own host is refused', async () => {
      const forgeBeside = async (site: Site): Promise<number | undefined> => {
        const beside = await keep(
          bareSite((app) => {
            app.get('/evil', (_req, res) => void res.send(form(`${site.origin}/transfer`)));
          }),
        );
        const page = await victim(site);
        await page.goto(`${beside.origin}/evil`);
        return submit(page);
      };
      const { site, sent } = await open('secured');
      expect(await forgeBeside(site)).toBe(403);
      expect(sent).toEqual([]);
      const control = await open('bare');
      expect(await forgeBeside(control.site)).toBe(200);
      expect(control.sent).toMatchObject([{ cookie: true }]);
    });

    it('in a sandboxed frame, which has no origin, is refused', async () => {
      const forgeInFrame = async (site: Site): Promise<number> => {
        const evil = await keep(
          foreignSite((app) => {
            app.get('/inner', (_req, res) => void res.send(form(`${site.origin}/transfer`)));
            app.get(
              '/evil',
              (_req, res) => void res.send(html('<iframe sandbox="allow-forms" src="/inner"></iframe>')),
            );
          }),
        );
        const page = await victim(site);
        await page.goto(`${evil.origin}/evil`);
        const answered = page.context().waitForEvent('response', (response) => response.url().endsWith('/transfer'));
        await page.frameLocator('iframe').locator('button').click();
        return (await answered).status();
      };
      const { site, sent } = await open('secured');
      expect(await forgeInFrame(site)).toBe(403);
      expect(sent).toEqual([]);
      const control = await open('bare');
      expect(await forgeInFrame(control.site)).toBe(200);
      expect(control.sent).toHaveLength(1);
    });

    it('cannot send what is written to another site', async () => {
      const elsewhere = await keep(foreignSite(HOME));
      const leak: Mount = (app) => {
        app.get('/leak', (_req, res) => void res.send(form(elsewhere.origin)));
      };
      const { site } = await open('secured', {}, leak);
      const page = await visit(`${site.origin}/leak`);
      const refused = page.waitForEvent('console', (message) => message.text().includes('form-action'));
      await page.dispatchEvent('button', 'click');
      await refused;
      expect(page.url()).toBe(`${site.origin}/leak`);
      const control = await visit(`${(await open('bare', {}, leak)).site.origin}/leak`);
      await submit(control);
      expect(control.url()).toBe(`${elsewhere.origin}/`);
    });
  });

  it('may link to it', async () => {
    const { site } = await open('secured');
    const other = await keep(
      foreignSite((app) => {
        app.get('/link', (_req, res) => void res.send(html(`<a href="${site.origin}/frame">go</a>`)));
      }),
    );
    const page = await visit(`${other.origin}/link`);
    await page.click('a');
    await page.waitForURL(`${site.origin}/frame`);
    expect(await page.textContent('body')).toBe('a frame');
  });

  describe('fetch', () => {
    /** What a script of another site gets to read: the status and body, or the error. */
    async function fetches(page: Page, url: string, init: object = {}): Promise<string> {
      return page.evaluate(
        `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(
          async (answer) => answer.status + ' ' + (await answer.text()), (error) => error.name)`,
      );
    }
    const PUT = {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'x-requested-with': 'x' },
      body: '{"to":"bob"}',
    };
    const WITH = { credentials: 'include' };

    async function from(other: Site, site: Site): Promise<Page> {
      const page = await victim(site);
      await page.goto(other.origin);
      return page;
    }

    it.each([
      ['another site', foreignSite],
      ['another port of its host', bareSite],
    ])('reads and writes nothing from %s that is not listed', async (_, elsewhere) => {
      const other = await keep(elsewhere(HOME));
      const { site, sent } = await open('secured', {
        cors: { origins: ['https://partner.example'], credentials: true },
      });
      const page = await from(other, site);
      for (const init of [
        {},
        WITH,
        PUT,
        { ...PUT, ...WITH },
        { method: 'POST' },
        { method: 'POST', mode: 'no-cors', ...WITH },
      ]) {
        expect(await fetches(page, `${site.origin}/transfer`, init)).toBe('TypeError');
      }
      expect(sent).toEqual([]);

      // What most hand-wired stacks have: any origin, reflected.
      const control = await open('bare', {}, (app) => void app.use(corsPackage({ origin: true, credentials: true })));
      const reading = await from(other, control.site);
      const read = await fetches(reading, `${control.site.origin}/transfer`, { ...PUT, ...WITH });
      // Whether cookies go to another site is the browser's to decide; within a site they go.
      expect(read).toMatch(elsewhere === bareSite ? '200 {"done":true,"cookie":true}' : '200 {"done":true,"cookie":');
    });

    it('works where its origin is listed, with preflight and cookies', async () => {
      const other = await keep(bareSite(HOME));
      const { site, sent } = await open('secured', { cors: { origins: [other.origin], credentials: true } });
      const page = await from(other, site);
      const url = `${site.origin}/transfer`;
      expect(await fetches(page, url)).toBe('200 {"done":true,"cookie":false}');
      expect(await fetches(page, url, WITH)).toBe('200 {"done":true,"cookie":true}');
      expect(await fetches(page, `${url}/1`, { ...PUT, ...WITH })).toBe('200 {"done":true,"cookie":true}');
      expect(sent.at(-1)).toEqual({ origin: other.origin, cookie: true, body: { to: 'bob' } });
      // Neither is on the list of what may be sent across origins.
      expect(await fetches(page, `${url}/2`, { headers: { 'x-unlisted': '1' } })).toBe('TypeError');
      expect(sent).toHaveLength(3);
    });

    it('without cookies where credentials are not allowed', async () => {
      const other = await keep(bareSite(HOME));
      const { site } = await open('secured', { cors: { origins: [other.origin] } });
      const page = await from(other, site);
      expect(await fetches(page, `${site.origin}/transfer`)).toBe('200 {"done":true,"cookie":false}');
      expect(await fetches(page, `${site.origin}/transfer`, WITH)).toBe('TypeError');
    });

    it('of its own pages works', async () => {
      const { site, sent } = await open('secured');
      const page = await victim(site);
      expect(await fetches(page, '/transfer', PUT)).toBe('200 {"done":true,"cookie":true}');
      expect(sent).toMatchObject([{ origin: site.origin, body: { to: 'bob' } }]);
    });
  });

  describe('embedding', () => {
    async function embeds(other: Site, site: Site, path = ''): Promise<Record<'image' | 'script' | 'frame', boolean>> {
      const page = await newPage();
      await page.goto(other.origin);
      const load = (tag: string, url: string): Promise<boolean> =>
        page.evaluate(`new Promise((resolve) => {
          const element = document.createElement('${tag}');
          element.onload = () => resolve(true);
          element.onerror = () => resolve(false);
          element.src = '${site.origin}${path}${url}';
          document.body.append(element);
        })`);
      const image = await load('img', '/pixel.png');
      const script = await load('script', '/lib.js');
      // A frame whose content was refused says "load" too.
      await load('iframe', '/frame');
      const frame = page.frames()[1]?.url() === `${site.origin}${path}/frame`;
      expect(await page.evaluate('globalThis.libraryRan === true')).toBe(script);
      return { image, script, frame };
    }

    it.each([
      ['another site', foreignSite, {}],
      ['another site, by headers alone', foreignSite, { csrf: { isolateReads: false } }],
      ['another port of its host', bareSite, {}],
    ])('is refused to %s', async (_, elsewhere, policy) => {
      const other = await keep(elsewhere(HOME));
      expect(await embeds(other, (await open('secured', policy)).site)).toEqual({
        image: false,
        script: false,
        frame: false,
      });
      expect(await embeds(other, (await open('bare')).site)).toEqual({ image: true, script: true, frame: true });
    });

    it('is allowed by the profile `embeddable`: files to all, frames to those listed', async () => {
      const [listed, unlisted] = [await keep(foreignSite(HOME)), await keep(foreignSite(HOME))];
      const { site } = await open('secured', {}, (app, origin) => {
        const { mount } = bank();
        const router = app.use('/widgets', headers.profile('embeddable', { by: [listed.origin] }));
        const under = {
          get: (path: string, handler: never) => router.get(`/widgets${path}`, handler),
          all: () => undefined,
        };
        mount(under as unknown as Express, origin);
      });
      expect(await embeds(listed, site, '/widgets')).toEqual({ image: true, script: true, frame: true });
      expect(await embeds(unlisted, site, '/widgets')).toEqual({ image: true, script: true, frame: false });
      expect(await embeds(listed, site)).toEqual({ image: false, script: false, frame: false });
    });
  });
});
