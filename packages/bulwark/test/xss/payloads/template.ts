import { CARRIERS, type Make, pairs } from './kit.ts';

/** The tags of template languages; EJS with its own and with other delimiters among them. */
const TAGS: readonly (readonly [open: string, close: string])[] = [
  ['<%=', '%>'],
  ['<%-', '%>'],
  ['<%', '%>'],
  ['<%_', '_%>'],
  ['<%-', '-%>'],
  ['<%%', '%%>'],
  ['<%#', '%>'],
  ['<?=', '?>'],
  ['{{', '}}'],
  ['{{{', '}}}'],
  ['{%', '%}'],
  ['$' + '{', '}'],
  ['#{', '}'],
  ['!{', '}'],
  ['<#', '#>'],
  ['[[', ']]'],
  ['@(', ')'],
  ['%> <%=', '%> <%'],
  ['-%>\n<%-', ''],
];

/** What runs on the server if the text becomes a template there. */
const ON_SERVER: readonly Make[] = [
  (run) => `globalThis.${run}`,
  (run) => `constructor.constructor('return globalThis.${run}')()`,
  (run) => `(()=>globalThis.${run})()`,
  (run) => `this.${run}`,
  (run) => `process.getBuiltinModule('node:vm').runInThisContext('${run}')`,
];

/** Template code in what a template prints: it has to stay text, on the server and in the page. */
export function template(): Make[] {
  const served = pairs(TAGS, ON_SERVER).map(
    ([[open, close], code]): Make =>
      (run) =>
        `${open} ${code(run)} ${close}`,
  );
  const written = pairs(TAGS, CARRIERS.slice(0, 4)).map(
    ([[open, close], make]): Make =>
      (run) =>
        `${open} ${JSON.stringify(make(run))} ${close}`,
  );
  return [...served, ...written];
}
