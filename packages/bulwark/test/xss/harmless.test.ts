import { describe, expect, it } from 'vitest';
import { text } from '../../src/practices/input/index.ts';
import { ask } from '../support/ask.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { EXPRESS } from '../support/http.ts';
import { bareSite } from '../support/site.ts';
import { useBrowser } from '../support/visit.ts';
import { DOCUMENTS, TEXTS } from './corpus.ts';
import { harmlessOf, mountPages, PATHS } from './support/pages.ts';
import { wrongOn } from './support/verify.ts';

describe.skipIf(CHROMIUM === undefined)('what people write, in Chromium', () => {
  const { visit, keep } = useBrowser();

  it.each(['text', 'attribute', 'script'] as const)('is shown as it was written: %s', async (sink) => {
    const site = await keep(bareSite((app) => mountPages(app, 'escaped')));
    const { path, payloads } = harmlessOf(sink);
    expect(payloads.length).toBe(TEXTS.length);
    const page = await visit(site.origin + path);
    expect(await wrongOn(page, sink, payloads, text())).toEqual([]);
  });

  it('is not, where nothing is escaped (the control)', async () => {
    const site = await keep(bareSite((app) => mountPages(app, 'open')));
    const { path, payloads } = harmlessOf('text');
    const page = await visit(site.origin + path);
    expect((await wrongOn(page, 'text', payloads, text())).length).toBeGreaterThan(0);
  });

  it('is the same document after it was sanitised', async () => {
    const site = await keep(bareSite((app) => mountPages(app, 'escaped')));
    const page = await visit(site.origin + harmlessOf('html').path);
    const different = await page.evaluate(`((documents) => documents.filter((written, i) => {
      const wanted = document.createElement('div');
      wanted.innerHTML = written;
      const shown = document.getElementsByClassName('case')[i].cloneNode(true);
      for (const name of shown.getAttributeNames()) shown.removeAttribute(name);
      return !wanted.isEqualNode(shown);
    }))(${JSON.stringify(DOCUMENTS)})`);
    expect(different).toEqual([]);
  });
});

describe('the pages', () => {
  it('are the same bytes on Express 4 and 5', async () => {
    const [on4, on5] = await Promise.all(
      EXPRESS.map(async ([, express]) => {
        const app = express();
        mountPages(app, 'escaped');
        return ask(app, ...PATHS.map((target) => ({ target })));
      }),
    );
    expect(on4?.map(({ status }) => status)).toEqual(PATHS.map(() => 200));
    expect(on4?.map(({ body }) => body)).toEqual(on5?.map(({ body }) => body));
  });
});
