import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { text } from '../../src/practices/input/index.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { bareSite, type Mount, type Site, securedSite } from '../support/site.ts';
import { useBrowser } from '../support/visit.ts';
import { PAYLOADS, type Payload } from './payloads/all.ts';
import { CLASSES, type PayloadClass } from './payloads/kit.ts';
import { allOf, mountPages, payloadsOf, SINKS, type Sink, type SinkPage, someOf } from './support/pages.ts';
import { namesOn, wrongOn } from './support/verify.ts';
import { Watch } from './support/watch.ts';

/** How many different payloads each sink is tried with, at least. */
const ENOUGH = 500;

/**
 * How many of the control's payloads run at least, by class. Of 14 of each class (60 where the sink has one class), Chromium 150
 * runs about twice as many; of addresses that are followed, a busy machine runs fewer.
 */
const BITES: Readonly<Record<Sink, Partial<Record<PayloadClass, number>>>> = {
  text: { tags: 5, attributes: 3, urls: 3, foreign: 6, mutation: 4, clobbering: 4, template: 2, script: 1 },
  attribute: { tags: 4, attributes: 5, urls: 3, foreign: 5, mutation: 6, clobbering: 4, template: 2, script: 1 },
  html: { tags: 5, urls: 3, foreign: 6, mutation: 4, clobbering: 4 },
  script: { script: 8 },
  address: { urls: 20 },
};

describe('the payloads', () => {
  it.each(SINKS)('are many and different: for the sink %s', (sink) => {
    const shapes = payloadsOf(sink).map(({ text }) => text.replace(/\d+/g, '0'));
    expect(new Set(shapes).size).toBeGreaterThanOrEqual(ENOUGH);
    expect(allOf(sink).flatMap(({ payloads }) => payloads)).toEqual(payloadsOf(sink));
  });

  it.each(CLASSES)('are many of each class: %s', (kind) => {
    expect(PAYLOADS.filter((payload) => payload.kind === kind).length).toBeGreaterThanOrEqual(150);
  });

  it('of templates run on the server where text becomes a template (the control)', () => {
    const { render } = createRequire(import.meta.url)('ejs') as { render(text: string, data: object): string };
    const ran = new Set<number>();
    const server = globalThis as { pwn?: (id: number) => void };
    server.pwn = (id) => void ran.add(id);
    try {
      for (const { text } of PAYLOADS.filter(({ kind }) => kind === 'template')) {
        try {
          render(text, {});
        } catch {
          // The syntax of another language.
        }
      }
    } finally {
      delete server.pwn;
    }
    expect(ran.size).toBeGreaterThanOrEqual(20);
  });
});

describe.skipIf(CHROMIUM === undefined)('in Chromium', () => {
  const { page, keep } = useBrowser();
  const open = (mount: Mount): Promise<Site> => keep(bareSite(mount));
  const normalise = text();

  /** Follows all pages, and says which payloads ran, by class. */
  async function ranOn(
    site: Site,
    watch: Watch,
    pages: readonly SinkPage[],
    look?: (page: SinkPage) => Promise<void>,
  ): Promise<Payload[]> {
    const ran: Payload[] = [];
    for (const one of pages) {
      watch.ran.clear();
      await watch.open(site.origin + one.path);
      await look?.(one);
      await watch.stir();
      ran.push(...one.payloads.filter(({ id }) => watch.ran.has(id)));
      expect([...watch.ran].filter((id) => id !== -1 && !one.payloads.some((payload) => payload.id === id))).toEqual(
        [],
      );
    }
    return ran;
  }

  describe.each(SINKS)('the sink %s', (sink) => {
    it('runs no payload, and nothing of one is in the page but what may be', async () => {
      const site = await open((app) => mountPages(app, 'escaped'));
      const watch = await Watch.over(await page());
      await watch.open(`${site.origin}/${sink}/none`);
      const names = await namesOn(watch.page);
      const ran = await ranOn(site, watch, allOf(sink), async ({ payloads }) => {
        expect(await wrongOn(watch.page, sink, payloads, normalise)).toEqual([]);
        expect(await namesOn(watch.page)).toEqual(names);
      });
      expect(ran).toEqual([]);
    }, 60_000);

    it('runs payloads of each of its classes without escaping (the control)', async () => {
      const site = await open((app) => mountPages(app, 'open'));
      const watch = await Watch.over(await page());
      const ran = await ranOn(site, watch, someOf(sink));
      for (const [kind, least] of Object.entries(BITES[sink])) {
        const count = ran.filter((payload) => payload.kind === kind).length;
        expect([kind, count, count >= least]).toEqual([kind, count, true]);
      }
    }, 60_000);
  });

  it('payloads take over names of the page where nothing is sanitised (the control)', async () => {
    const site = await open((app) => mountPages(app, 'open'));
    const watch = await Watch.over(await page());
    await watch.open(`${site.origin}/html/none`);
    const names = await namesOn(watch.page);
    const taken = new Set<string>();
    for (const { path, payloads } of someOf('html')) {
      if (payloads.every(({ kind }) => kind !== 'clobbering')) continue;
      await watch.open(site.origin + path);
      const now = await namesOn(watch.page);
      for (const name of Object.keys(names)) if (now[name] !== names[name]) taken.add(name);
    }
    expect([taken.size, taken.size >= 10]).toEqual([taken.size, true]);
  });

  it('the gate’s policy is a second wall: nothing runs where nothing is escaped', async () => {
    const site = await keep(
      securedSite((app) => mountPages(app, 'open'), { input: { templates: false }, rateLimit: { limit: 10_000 } }),
    );
    const watch = await Watch.over(await page());
    expect(await ranOn(site, watch, someOf('text'))).toEqual([]);
    // It was the policy that refused them, and the page that was asked for.
    expect(await watch.page.title()).toBe('sink');
    expect(site.events.filter(({ event }) => event === 'csp_violation').length).toBeGreaterThan(0);
  }, 60_000);
});
