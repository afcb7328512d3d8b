import type { Page } from 'playwright-core';

/** In every frame before anything else: a dialog is an execution too. */
const INIT = `for (const name of ['alert', 'confirm', 'prompt', 'print'])
  Object.defineProperty(globalThis, name, { value: () => globalThis.pwn(-1) });`;

/** Does what a visitor might do: fires every handler, follows every link, sends every form; then waits for what loads. */
const STIR = `(async () => {
  const later = (wait) => new Promise((resolve) => setTimeout(resolve, wait));
  const { port1, port2 } = new MessageChannel();
  const turn = () => new Promise((resolve) => { port1.onmessage = resolve; port2.postMessage(0); });
  // A form’s own properties may be its fields: nothing here is looked up on the elements themselves.
  const names = Function.prototype.call.bind(Element.prototype.getAttributeNames);
  const set = Function.prototype.call.bind(Element.prototype.setAttribute);
  for (const element of document.querySelectorAll('*')) {
    for (const name of names(element)) {
      if (/^on./i.test(name)) EventTarget.prototype.dispatchEvent.call(element, new Event(name.slice(2).toLowerCase()));
    }
  }
  for (const link of document.querySelectorAll('a, area, [href], [action], [formaction]')) {
    set(link, 'target', 'sink');
    set(link, 'formtarget', 'sink');
    if (link instanceof HTMLFormElement) HTMLFormElement.prototype.submit.call(link);
    else EventTarget.prototype.dispatchEvent.call(link, new MouseEvent('click', { bubbles: true, cancelable: true }));
    await turn();
  }
  await later(60);
})()`;

/** Follows one page through many addresses, and notes what ran. */
export class Watch {
  readonly page: Page;
  /** The numbers of the payloads that ran since it was last emptied; -1 for a dialog. */
  readonly ran: Set<number> = new Set();

  private constructor(page: Page) {
    this.page = page;
  }

  static async over(page: Page): Promise<Watch> {
    const watch = new Watch(page);
    await page.context().exposeBinding('pwn', (_source, id: number) => void watch.ran.add(id));
    await page.addInitScript(INIT);
    return watch;
  }

  /** Opens a page; what runs by itself has run. */
  async open(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'load' });
  }

  /** Does what a visitor might do, and waits for what it starts. */
  async stir(): Promise<void> {
    await this.page.evaluate(STIR);
  }
}
