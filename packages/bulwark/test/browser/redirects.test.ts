import { describe, expect, it } from 'vitest';
import { CHROMIUM } from '../support/chromium.ts';
import { LEAVING, OWN, STAYING } from '../support/redirect-corpus.ts';
import { bareSite, foreignSite, type Mount, securedSite } from '../support/site.ts';
import { useBrowser } from '../support/visit.ts';

/** Redirects `/go/<n>` to the n-th target once, and answers everything else with a page. */
const redirector =
  (targets: readonly string[]): Mount =>
  (app) => {
    const gone = new Set<string>();
    app.get('/go/:index', (req, res, next) => {
      const target = targets[Number(req.params.index)];
      // `#part` and the like lead to the same address again.
      if (target === undefined || gone.has(req.params.index)) return next();
      gone.add(req.params.index);
      res.redirect(target);
    });
    app.use((_req, res) => void res.send('<!doctype html><title>page</title>'));
  };

describe.skipIf(CHROMIUM === undefined)('redirects, in Chromium', () => {
  const { page: newPage, keep } = useBrowser();

  /** Where a browser ends that asks for each of the redirects. */
  async function follow(origin: string, count: number): Promise<string[]> {
    const page = await newPage();
    const ends: string[] = [];
    for (let index = 0; index < count; index++) {
      await page.goto('about:blank');
      // A navigation that fails, to a scheme that it does not follow, leaves the page where it is.
      await page.goto(`${origin}/go/${index}`).catch(() => undefined);
      ends.push(page.url());
    }
    return ends;
  }

  it('every target that is let pass stays on the site', async () => {
    // Where the site is served is known when it is there, and what it redirects to names it.
    const targets: string[] = [];
    const site = await keep(securedSite(redirector(targets)));
    const host = site.origin.slice('https://'.length);
    targets.push(...STAYING.map((target) => target.replace(OWN, site.origin).replace(/shop\.example(?::443)?/i, host)));
    const ends = await follow(site.origin, targets.length);
    expect(ends.filter((end) => new URL(end).origin !== site.origin)).toEqual([]);
    // They were followed, and did not end on the page of an error.
    expect(ends.filter((end) => /\/go\/\d+$/.test(end)).length).toBeLessThan(10);
  }, 60_000);

  it('targets that are refused leave it, where nobody refuses them (the control)', async () => {
    const foreign = await keep(foreignSite((app) => void app.use((_req, res) => void res.send('elsewhere'))));
    const host = foreign.origin.slice('https://'.length);
    const targets = LEAVING.filter(
      (target) => target.includes('//evil.example') || target.includes('\\evil.example'),
    ).map((target) => target.replace('http:', 'https:').replace('evil.example', host));
    expect(targets.length).toBeGreaterThan(15);
    const bare = await keep(bareSite(redirector(targets)));
    const left = (await follow(bare.origin, targets.length)).filter((end) => new URL(end).origin === foreign.origin);
    expect(left.length).toBeGreaterThan(8);

    const secured = await keep(securedSite(redirector(targets)));
    const ends = await follow(secured.origin, targets.length);
    expect(ends.filter((end) => new URL(end).origin !== secured.origin)).toEqual([]);
    expect(secured.events.filter(({ code }) => code === 'ERR_REDIRECT_EXTERNAL')).toHaveLength(targets.length);
  }, 60_000);
});
