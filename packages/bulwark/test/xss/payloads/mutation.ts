import { type Make, pairs } from './kit.ts';

/** What one parser reads as text and another as markup, once something around it has changed. */
const CONFUSED = [
  'noscript',
  'template',
  'title',
  'textarea',
  'style',
  'xmp',
  'noembed',
  'noframes',
  'iframe',
  'select',
  'option',
  'table',
  'caption',
  'form',
  'p',
  'math',
  'svg',
  'a',
  'nobr',
  'button',
  'frameset',
  'plaintext',
] as const;

/** Comments, declarations and sections that end in different places for different parsers. */
const SECTIONS: readonly (readonly [open: string, close: string])[] = [
  ['<!--', '-->'],
  ['<!--', '--!>'],
  ['<!-->', '-->'],
  ['<!--->', '-->'],
  ['<!--x--!>', '-->'],
  ['<!-- --', '>'],
  ['<![CDATA[', ']]>'],
  ['<?xml ', '?>'],
  ['<!x ', '>'],
  ['</ ', '>'],
  ['<!--<!--', '-->'],
  ['<!DOCTYPE x [', ']>'],
  ['<%', '%>'],
  ['<!--[if IE]>', '<![endif]-->'],
  ['<svg><![CDATA[', ']]></svg>'],
  ['<math><!--', '--></math>'],
];

const fire = (run: string): string => `<img src=x onerror=${run}>`;
const hidden = (run: string): string => `&lt;img src=x onerror=${run}&gt;`;

/** Nestings whose meaning changes when they are written out and read again. */
export function mutation(): Make[] {
  const single = CONFUSED.flatMap((x): Make[] => [
    (run) => `<${x}><p title="</${x}>${fire(run)}">`,
    (run) => `<${x}><!--</${x}>${fire(run)}-->`,
    (run) => `<${x}></${x}/>${fire(run)}`,
    (run) => `<${x}>${hidden(run)}</${x}>${fire(run)}`,
    (run) => `<${x}><${x}></${x}>${fire(run)}`,
    (run) => `<math><mtext><table><mglyph><${x}><!--</${x}><img title="--&gt;${hidden(run)}">`,
    (run) => `<svg><desc><${x}></desc>${fire(run)}`,
    (run) => `<form><div></form><form><${x}>${fire(run)}`,
  ]);
  const nested = pairs(CONFUSED, CONFUSED)
    .filter(([x, y]) => x !== y)
    .map(([x, y], i): Make => {
      if (i % 3 === 0) return (run) => `<${x}><${y}><p id="</${x}>${fire(run)}">`;
      if (i % 3 === 1) return (run) => `<${x}><${y}></${x}></${y}>${fire(run)}`;
      return (run) => `<${y}><${x}>${hidden(run)}</${y}>${fire(run)}</${x}>`;
    });
  const sections = SECTIONS.flatMap(([open, close]): Make[] => [
    (run) => `${open}${fire(run)}${close}`,
    (run) => `${open}>${close}${fire(run)}`,
    (run) => `${open} <p title="${close}${fire(run)}">`,
    (run) => `<p title="${open}">${fire(run)}${close}`,
  ]);
  const rows: Make[] = [
    (run) => `<table><tr><td>${fire(run)}<table>${fire(run)}`,
    (run) => `<a><table><a>${fire(run)}`,
    (run) => `<select><option><style></option></select>${fire(run)}</style>`,
    (run) => `<p>${'<b>'.repeat(20)}${fire(run)}`,
    (run) => `${'<div>'.repeat(600)}${fire(run)}`,
    (run) => `<template><s><template><s>${fire(run)}</s></template>`,
    (run) => `<img alt="\`\`onerror=${run}" src=x onerror=${run}>`,
    (run) => `<listing>\n${hidden(run)}</listing>${fire(run)}`,
  ];
  return [...single, ...nested, ...sections, ...rows];
}
