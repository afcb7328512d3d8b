import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launchChromium } from './chromium.ts';
import type { Site } from './site.ts';

/** A browser for the tests of a `describe`, and sites that are closed after each. */
export interface Visits {
  /** A page in a profile of its own. */
  page(): Promise<Page>;
  /** A page in a profile of its own, at an address. */
  visit(url: string): Promise<Page>;
  /** Closes the site when the test ends. */
  keep(site: Promise<Site>): Promise<Site>;
}

/** Registers the hooks; to be called in a `describe`. */
export function useBrowser(): Visits {
  let browser: Browser;
  const sites: Site[] = [];
  beforeAll(async () => {
    browser = await launchChromium({ anyCertificate: true });
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await Promise.all(sites.splice(0).map((site) => site.close()));
  });
  afterAll(() => browser?.close());

  const page = async (): Promise<Page> => (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  return {
    page,
    async visit(url) {
      const visited = await page();
      await visited.goto(url);
      return visited;
    },
    async keep(site) {
      const kept = await site;
      sites.push(kept);
      return kept;
    },
  };
}
