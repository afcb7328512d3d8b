import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM, launchChromium } from '../../../packages/bulwark/test/support/chromium.ts';
import { PRACTICES } from '../src/practices.ts';
import { PNG, type Running, start, temporaryFolder } from './support/server.ts';

/** Mozilla's tool for a user's certificates, handed over by scripts/test.ts. */
const CERTUTIL = process.env.BULWARK_CERTUTIL;

const WIDTHS = [1280, 390];

describe.skipIf(CHROMIUM === undefined)('the reference server in Chromium', () => {
  let browser: Browser;
  let server: Running;
  let complaints: string[];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    complaints = [];
    server = await start();
  });
  afterEach(() => server.close());

  async function open(options: { width?: number; javaScriptEnabled?: boolean } = {}): Promise<Page> {
    const { width = 1280, javaScriptEnabled = true } = options;
    const viewport = { width, height: 800 };
    const page = await browser.newPage({ ignoreHTTPSErrors: true, baseURL: server.url, viewport, javaScriptEnabled });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`a script ran: ${dialog.message()}`);
      void dialog.dismiss();
    });
    return page;
  }

  async function write(page: Page, title: string, text: string): Promise<void> {
    await page.goto('/notes');
    await page.fill('#title', title);
    await page.fill('#text', text);
    await page.click('text=Add note');
    await page.waitForURL('**/notes');
  }

  it.each(WIDTHS)('fits a window of %d pixels, in its own style, without a complaint', async (width) => {
    const page = await open({ width });
    const fits = (): Promise<boolean> => page.evaluate('document.documentElement.scrollWidth <= innerWidth');
    expect((await page.goto('/'))?.status()).toBe(200);
    expect(await fits()).toBe(true);
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.scroll')).overflowX`)).toBe('auto');
    // What does not fit is reached by scrolling its own box.
    const last = page.locator('thead th').last();
    await last.scrollIntoViewIfNeeded();
    const box = await last.boundingBox();
    expect((box?.x ?? width) + (box?.width ?? width)).toBeLessThanOrEqual(width);

    await write(page, 'W'.repeat(120), `${'w'.repeat(500)}\n`.repeat(3));
    expect(await page.locator('article').count()).toBe(1);
    expect(await fits()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('writes and deletes notes without JavaScript', async () => {
    const page = await open({ javaScriptEnabled: false });
    await write(page, 'Shopping', 'eggs\nmilk');
    expect(await page.locator('article h2').allTextContents()).toEqual(['Shopping']);
    expect(await page.locator('article .text').textContent()).toBe('eggs\nmilk');
    await page.fill('#title', ' ');
    await page.click('text=Add note');
    expect(await page.locator('#title-problem').textContent()).toBe('write a title');
    await page.goto('/notes');
    await page.getByRole('button', { name: 'Delete Shopping' }).click();
    await page.waitForSelector('.empty');
    expect(server.notes.list()).toEqual([]);
  });

  it('runs nothing that a note says', async () => {
    const page = await open();
    const payloads = [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(2)>',
      '"><svg onload=alert(3)>',
      `' onfocus=alert(4) autofocus='`,
      '</textarea><iframe srcdoc="<script>alert(5)</script>">',
    ];
    for (const payload of payloads) await write(page, payload, payload);
    expect(await page.locator('article h2').allTextContents()).toEqual(payloads.toReversed());
    expect(await page.locator('article :is(script, img, svg, iframe)').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows rich text and a picture, and runs nothing of either', async () => {
    const page = await open({ javaScriptEnabled: true });
    await page.goto('/notes');
    await page.fill('#title', 'Rich');
    await page.fill(
      '#text',
      '<h3>Eggs</h3><ul><li><b>two</b></ul><img src=javascript:alert(1) onerror=alert(1)><svg onload=alert(2)></svg><a href="javascript:alert(3)">x</a>',
    );
    await page.selectOption('#format', 'html');
    await page.setInputFiles('#image', { name: 'a.png', mimeType: 'image/png', buffer: PNG });
    await page.click('text=Add note');
    await page.waitForURL('**/notes');
    expect(await page.locator('.rich li b').textContent()).toBe('two');
    expect(await page.locator('.rich :is(svg, script, [onerror], [href^=javascript])').count()).toBe(0);
    await page.locator('article img').first().scrollIntoViewIfNeeded();
    const drawn = `[...document.querySelectorAll('article > img')].map((img) => img.decode().then(() => img.naturalWidth))`;
    expect(await page.evaluate(`Promise.all(${drawn})`)).toEqual([1]);
    expect(await page.locator('article > img').count()).toBe(1);

    await page.fill('#q', 'eggs');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL('**/notes?q=eggs');
    expect(await page.locator('article').count()).toBe(1);
    await page.fill('#q', '"><script>alert(4)</script>');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('.empty').textContent()).toContain('"><script>alert(4)</script>');
    expect(complaints).toEqual([]);
  });

  it('is read by a screen reader as what it shows', async () => {
    const page = await open({ width: 390 });
    await page.goto('/');
    expect(await page.getByRole('row').count()).toBe(server.gate.coverage().length + 1);
    expect(
      await page
        .getByRole('row', { name: /GET \/healthz/ })
        .getByRole('cell')
        .allTextContents(),
    ).toHaveLength(PRACTICES.length);
    expect(await page.getByRole('region', { name: /Coverage/ }).count()).toBe(1);
    await page.goto('/notes');
    expect(await page.getByLabel('Title').count()).toBe(1);
    for (const label of ['Text', 'The text is', 'Picture', 'Search notes'])
      expect(await page.getByLabel(label, { exact: true }).count()).toBe(1);
  });

  describe.skipIf(CERTUTIL === undefined)('its certificate', () => {
    const run = promisify(execFile);

    async function homeThatTrusts(ca: string | undefined): Promise<string> {
      const home = temporaryFolder();
      const database = join(home, '.pki', 'nssdb');
      mkdirSync(database, { recursive: true });
      const certutil = (...args: string[]): Promise<unknown> => run(CERTUTIL ?? '', ['-d', `sql:${database}`, ...args]);
      await certutil('-N', '--empty-password');
      if (ca === undefined) return home;
      const file = join(home, 'ca.crt');
      writeFileSync(file, ca);
      await certutil('-A', '-t', 'C,,', '-n', 'bulwark-local-ca', '-i', file);
      return home;
    }

    it('is trusted once the local CA is, and not before', async () => {
      const visit = async (ca: string | undefined): Promise<number | undefined> => {
        const strict = await launchChromium({ home: await homeThatTrusts(ca) });
        try {
          const page = await strict.newPage();
          return (await page.goto(server.url))?.status();
        } finally {
          await strict.close();
        }
      };
      await expect(visit(undefined)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
      expect(await visit(server.ca)).toBe(200);
    });
  });
});
