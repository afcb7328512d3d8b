import type { Page } from 'playwright-core';
import type { Payload } from '../payloads/all.ts';
import { NAMES } from '../payloads/clobbering.ts';
import type { Sink } from './pages.ts';

/** What a browser makes of a text before it reads it: line ends; a NUL is left out of text and replaced elsewhere. */
const IN_BROWSER = `
  const lines = (text) => text.toWellFormed().replace(/\\r\\n?/g, '\\n');
  const inText = (text) => lines(text).replaceAll('\\0', '');
  const inValue = (text) => lines(text).replaceAll('\\0', '\\ufffd');
  const cases = [...document.getElementsByClassName('case')];
  const wrong = [];
  const expectSame = (id, what, seen, wanted) => { if (seen !== wanted) wrong.push([id, what, String(seen).slice(0, 200)]); };
  expectSame(-1, 'cases', cases.map((each) => each.dataset.n).join(), payloads.map(({ id }) => id).join());
  cases.forEach((each, i) => expectSame(payloads[i]?.id, 'parent', each.parentNode, document.body));
`;

/** What each case of a page has to be; a page says which are not. */
const CHECKS: Readonly<Record<Sink, string>> = {
  text: `
    cases.forEach(({ children, childElementCount }, i) => {
      const [shown, area, plain] = children;
      if (plain === undefined) return wrong.push([payloads[i]?.id, 'elements', childElementCount]);
      const { id, text, normalised } = payloads[i];
      expectSame(id, 'elements', childElementCount + shown.childElementCount + plain.childElementCount, 3);
      expectSame(id, 'text', shown.textContent, inText(text));
      expectSame(id, 'value', area.value, inValue(text));
      expectSame(id, 'normalised', plain.textContent, normalised);
    });`,
  attribute: `
    cases.forEach((input, i) => {
      const { id, text } = payloads[i];
      expectSame(id, 'attributes', input.getAttributeNames().join(), 'class,data-n,title,value,data-bare');
      expectSame(id, 'title', input.getAttribute('title'), inValue(text));
      expectSame(id, 'value', input.getAttribute('value'), inValue(text));
      // References to line ends stay what they are.
      expectSame(id, 'bare', input.dataset.bare, text.toWellFormed().replaceAll('\\0', '\\ufffd'));
    });`,
  html: `
    const FORBIDDEN = 'script, style, iframe, object, embed, svg, math, form, input, button, template, link, meta, base, noscript, textarea, select, title';
    const look = (id, root) => {
      if (root.querySelector(FORBIDDEN)) expectSame(id, 'element', root.querySelector(FORBIDDEN).localName, '');
      for (const element of root.querySelectorAll('*')) {
        for (const { name, value } of element.attributes) {
          if (/^on|^(style|id|name|srcdoc)$/.test(name)) expectSame(id, 'attribute', name, '');
          if (/^(href|src|cite)$/.test(name) && !/^(https?|mailto):$/.test(new URL(value, document.baseURI).protocol)) expectSame(id, 'address', value, '');
        }
      }
    };
    cases.forEach((box, i) => {
      const { id } = payloads[i];
      look(id, box);
      // Written out and read again, twice, and where another parser would read it.
      const once = document.createElement('div');
      once.innerHTML = box.innerHTML;
      const twice = document.createElement('div');
      twice.innerHTML = once.innerHTML;
      for (const again of [once, twice]) {
        look(id, again);
        expectSame(id, 'text', again.textContent, box.textContent);
      }
      document.body.append(once, twice);
    });`,
  script: `
    cases.forEach((script, i) => {
      const { id, text } = payloads[i];
      expectSame(id, 'json', JSON.parse(script.textContent), text);
      expectSame(id, 'inline', got[i].text, text);
    });
    expectSame(-1, 'scripts', document.scripts.length, cases.length * 2 + 1);`,
  address: `
    cases.forEach((each, i) => {
      const { id } = payloads[i];
      expectSame(id, 'elements', each.childElementCount, 3);
      for (const element of each.children) {
        const written = element.getAttribute('href') ?? element.getAttribute('src');
        // An address that is none leads nowhere.
        if (!URL.canParse(written, document.baseURI)) continue;
        const address = new URL(written, document.baseURI);
        const harmless = /^(https?|mailto):$/.test(address.protocol) || address.href === 'about:blank#blocked';
        // Without url() all that is refused is what would run.
        const inert = element === each.children[1] && !/^(javascript|vbscript|data):$/.test(address.protocol);
        if (!harmless && !inert) expectSame(id, element.localName, address.href, '');
      }
    });`,
};

/** What is not as it should be on a page: number of the payload, what, and what is there instead. */
export function wrongOn(
  page: Page,
  sink: Sink,
  payloads: readonly Payload[],
  normalise: (text: string) => string,
): Promise<unknown[]> {
  const given = payloads.map(({ id, text }) => ({ id, text, normalised: normalise(text) }));
  return page.evaluate(`((payloads) => { ${IN_BROWSER} ${CHECKS[sink]} return wrong; })(${JSON.stringify(given)})`);
}

/** What the names that scripts look up are on a page: a payload that takes one over changes it. */
export function namesOn(page: Page): Promise<Record<string, string>> {
  return page.evaluate(`(() => {
    const kind = (value) => typeof value + ' ' + Object.prototype.toString.call(value);
    return Object.fromEntries(${JSON.stringify(NAMES)}.flatMap((name) => [
      [name, kind(globalThis[name])],
      ['document.' + name, kind(document[name])],
    ]));
  })()`);
}
