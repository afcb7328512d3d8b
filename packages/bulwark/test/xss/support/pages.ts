import { createRequire } from 'node:module';
import { text } from '../../../src/practices/input/index.ts';
import { ejsEngine } from '../../../src/practices/input/markup/ejs-engine.ts';
import type { Express } from '../../support/http.ts';
import { folderOf } from '../../support/views.ts';
import { DOCUMENTS, TEXTS } from '../corpus.ts';
import { ADDRESSES, PAYLOADS, type Payload } from '../payloads/all.ts';
import { CLASSES, type PayloadClass } from '../payloads/kit.ts';

/** Where a page puts what a stranger wrote. */
export const SINKS = ['text', 'attribute', 'html', 'script', 'address'] as const;

/** One of the places. */
export type Sink = (typeof SINKS)[number];

const page = (body: string): string =>
  `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>sink</title></head><body>
<script>var got = [];</script>
${body}
<iframe name="sink"></iframe></body></html>
`;

const each = (markup: string): string => page(`<% for (const { id, text } of payloads) { %>${markup}\n<% } %>`);

/** The pages; the same files are rendered with and without escaping. */
const views = folderOf({
  'text.ejs': each(`<div class="case" data-n="<%= id %>"><p><%= text %></p><textarea>
<%= text %></textarea><b><%= normalised(text) %></b></div>`),
  'attribute.ejs': each(
    `<input class="case" data-n="<%= id %>" title="<%= text %>" value='<%= text %>' data-bare=<%= text %>>`,
  ),
  'html.ejs': each('<div class="case" data-n="<%= id %>"><%- sanitized(text) %></div>'),
  'script.ejs': each(`<script type="application/json" class="case" data-n="<%= id %>"><%- json(text) %></script>
<script>got.push(<%- json({ text }) %>);</script>`),
  'address.ejs': each(`<p class="case" data-n="<%= id %>"><a href="<%= url(text) %>" target="sink">x</a>
<a href="<%= text %>" target="sink">x</a><iframe src="<%= url(text) %>"></iframe></p>`),
});

/** The payloads of a sink; addresses are alone where an address is expected. */
export function payloadsOf(sink: Sink): readonly Payload[] {
  return sink === 'address' ? ADDRESSES : PAYLOADS;
}

/** One page: its address, and what it shows. */
export interface SinkPage {
  readonly path: string;
  readonly payloads: readonly Payload[];
}

/** The pages of a sink with every payload on one of them. */
export function allOf(sink: Sink): SinkPage[] {
  return pagesOf(`/${sink}/all`, payloadsOf(sink), sink === 'address' ? 100 : 250);
}

/** What a sink is about, where it is not about every class. */
const ABOUT: Readonly<Partial<Record<Sink, readonly PayloadClass[]>>> = {
  html: ['tags', 'urls', 'foreign', 'mutation', 'clobbering'],
  script: ['script'],
};

/**
 * Small pages with some payloads of each class that the sink is about. Where nothing is escaped, one payload swallows what
 * stands behind it on the page, so few share one.
 */
export function someOf(sink: Sink): SinkPage[] {
  const most = sink === 'script' || sink === 'address' ? 60 : 14;
  const some = (ABOUT[sink] ?? CLASSES).flatMap((kind) => {
    const own = payloadsOf(sink).filter((payload) => payload.kind === kind);
    const step = Math.ceil(own.length / most);
    return own.filter((_payload, i) => i % step === 0);
  });
  return pagesOf(`/${sink}/some`, some, 5);
}

function pagesOf(path: string, payloads: readonly Payload[], size: number): SinkPage[] {
  return Array.from({ length: Math.ceil(payloads.length / size) }, (_unused, i) => ({
    path: `${path}/${i}`,
    payloads: payloads.slice(i * size, (i + 1) * size),
  }));
}

/** What people may write, numbered like the payloads: texts, and documents for the sink that takes HTML. */
export function harmlessOf(sink: Sink): SinkPage {
  const written = sink === 'html' ? DOCUMENTS : TEXTS;
  return { path: `/${sink}/harmless`, payloads: written.map((text, id) => ({ id, kind: 'tags', text })) };
}

/** Every page by its address; `/<sink>/none` has no payload at all. */
const PAGES: ReadonlyMap<string, readonly Payload[]> = new Map(
  SINKS.flatMap((sink) => [
    ...allOf(sink),
    ...someOf(sink),
    harmlessOf(sink),
    { path: `/${sink}/none`, payloads: [] },
  ]).map(({ path, payloads }) => [path, payloads]),
);

/** The addresses of all pages. */
export const PATHS: readonly string[] = [...PAGES.keys()];

type Engine = Parameters<ReturnType<Express>['engine']>[1];

/** EJS as it is, with everything switched off that escapes: the control. */
const OPEN: Engine = (path, data, done) => {
  const { renderFile } = createRequire(import.meta.url)('ejs') as {
    renderFile(path: string, data: object, options: object, done: (error: unknown, html?: string) => void): void;
  };
  const helpers = { sanitized: String, url: String, json: JSON.stringify, normalised: String };
  renderFile(path, { ...data, ...helpers }, { escape: String }, done);
};

/** Puts the pages into an app: escaped, or open. */
export function mountPages(app: ReturnType<Express>, how: 'escaped' | 'open'): void {
  app.engine('ejs', how === 'open' ? OPEN : ejsEngine({}, { mode: 'production', emit: () => undefined }));
  app.set('views', views);
  const normalised = text();
  app.use((req, res, next) => {
    const payloads = PAGES.get(req.path);
    if (payloads === undefined) return next();
    res.render(`${req.path.split('/')[1]}.ejs`, { payloads, normalised });
  });
}
