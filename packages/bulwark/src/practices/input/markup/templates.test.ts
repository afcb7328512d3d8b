import { utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { folderOf } from '../../../../test/support/views.ts';
import type { Mode } from '../../../context.ts';
import { ConfigError } from '../../../errors.ts';
import type { EventInput } from '../../../events.ts';
import { type EjsOptions, ejsEngine } from './ejs-engine.ts';
import { markup } from './markup-tag.ts';
import { templates } from './templates.ts';

type PlainEjs = { renderFile: unknown; render(text: string, data: object): string; Template: unknown };
const plainEjs = createRequire(import.meta.url)('ejs') as PlainEjs;

afterEach(() => {
  vi.restoreAllMocks();
});

interface Rendering extends EjsOptions {
  readonly mode?: Mode;
  readonly reportOnly?: boolean;
}

/** Renders `page.ejs` of a folder without Express, and gathers what the engine tells. */
function tryPage(
  files: Readonly<Record<string, string>>,
  data: object = {},
  { mode = 'production', reportOnly = false, ...options }: Rendering = {},
): {
  html: string | undefined;
  error: Error | undefined;
  told: EventInput[];
  again: () => string | undefined;
  folder: string;
} {
  const told: EventInput[] = [];
  const folder = folderOf(files);
  const engine = ejsEngine(options, { mode, reportOnly, emit: (event) => told.push(event) });
  const render = (): { html: string | undefined; error: Error | undefined } => {
    let result: { html: string | undefined; error: Error | undefined } = { html: undefined, error: undefined };
    engine.call({ root: folder }, join(folder, 'page.ejs'), data, (error, html) => {
      result = { html, error: (error as Error | null) ?? undefined };
    });
    return result;
  };
  return { ...render(), told, again: () => render().html, folder };
}

function page(text: string, data: object = {}, options: Rendering = {}): string {
  const { html, error } = tryPage({ 'page.ejs': text }, data, options);
  if (error !== undefined) throw error;
  return html ?? '';
}

const evil = `<img src=x onerror="x('1')">`;

describe('an empty value without quotes', () => {
  const text = `<input value=<%= empty %> name="<%= name %>">`;
  const data = { empty: '', name: 'x onfocus=x() autofocus' };

  it('takes nothing of what stands behind it', () => {
    // Control: to a browser this is a value of `name="x`, and an event handler.
    expect(plainEjs.render(text, data)).toBe('<input value= name="x onfocus=x() autofocus">');
    for (const empty of ['', null, undefined]) {
      expect(page(text, { ...data, empty })).toBe('<input value="" name="x onfocus=x() autofocus">');
      expect(page(text.replace('<%=', '<%-'), { ...data, empty })).toContain('<input value="" name=');
    }
  });

  it('takes nothing behind branches and other values either', () => {
    const branches = '<p id=<% if (yes) { %><%= empty %><% } else { %><%= empty %><% } %> title="<%= name %>">';
    for (const yes of [true, false]) expect(page(branches, { ...data, yes })).toContain('<p id=&#32; title=');
    expect(page('<p id=<%= empty %><% if (no) { %>x<% } %> title="a">', { ...data, no: false })).toBe(
      '<p id=&#32; title="a">',
    );
    expect(page('<p id=<%= empty %><%= empty %> title="a">', data)).toBe('<p id=&#32; title="a">');
    expect(page('<p id=<%= empty %>x title=a<%= empty %>>', data)).toBe('<p id=x title=a>');
  });

  it('tells nobody that it was raw', () => {
    expect(tryPage({ 'page.ejs': '<p id=<%- empty %> >' }, data).told).toEqual([]);
  });
});

describe('the EJS engine', () => {
  it.each([
    ['text', '<p><%= value %></p>', evil],
    ['an attribute in double quotes', '<p title="<%= value %>">x</p>', '" onclick="x()'],
    ['an attribute in single quotes', "<p title='<%= value %>'>x</p>", "' onclick='x()"],
    ['an attribute without quotes', '<p title=<%= value %>>x</p>', 'a onclick=x()'],
    ['an attribute’s name', '<p <%= value %>>x</p>', 'onclick=x()'],
    ['an address', '<a href="<%= value %>">x</a>', 'javascript:x()'],
    ['an address without quotes', '<a href=<%= value %>>x</a>', 'java\tscript:x()'],
    ['raw text', '<p><%- value %></p>', evil],
    ['raw text in an attribute', '<p title="<%- value %>">x</p>', '" onclick="x()'],
    ['raw text among attributes', '<p <%- value %>>x</p>', 'onclick=x()'],
    ['HTML that people wrote', '<p><%- sanitized(value) %></p>', evil],
    ['the same in an attribute', '<p title="<%- sanitized(value) %>">', '<p title="x">" onclick=x() "</p>'],
    ['JSON in an attribute', '<p data-a="<%- json(value) %>">', '" onclick=x() "'],
    ['JSON in a script', '<script><%- json(value) %></script>', '</script><script>x()//'],
    ['an include', '<%- include("inner", { value }) %>', evil],
  ])('escapes %s; plain EJS with raw tags does not (the control)', (_where, text, value) => {
    const files = { 'page.ejs': text, 'inner.ejs': '<b><%= value %></b>' };
    const { html } = tryPage(files, { value });
    const isOpen = (shown: string): boolean =>
      /onerror="x|["'] onclick=|<p onclick=|=a onclick=|href="?java\t?script:|<\/script><script>/.test(shown);
    expect(isOpen(html ?? '')).toBe(false);
    const helpers = { sanitized: String, json: JSON.stringify, include: () => value };
    const control = plainEjs.render(text.replaceAll('<%=', '<%-'), { value, ...helpers });
    expect(isOpen(control.replaceAll(/\\"/g, '"'))).toBe(true);
  });

  it('prints the same bytes as EJS where EJS is right', () => {
    const text = `<p title="<%= a %>" id='<%= a %>'><%= a %></p><% if (b) { -%>\n  yes\n<%_ } _%>\n<%# no %><%% <%= list %> <%= none %> %%>`;
    const data = { a: `<&>"'\``, b: true, list: [1, '<'], none: null };
    expect(page(text, data)).toBe(plainEjs.render(text, data));
    expect(page(text, data, { rmWhitespace: true })).toContain('yes');
  });

  it('writes what is safe, alone and in lists', () => {
    const data = { parts: [markup`<li>${'<'}</li>`, markup`<li>2</li>`], mixed: [markup`<li>`, '<b>'], nothing: [] };
    expect(page('<%- parts %>|<%- nothing %>', data)).toBe('<li>&lt;</li><li>2</li>|');
    expect(page('<%- mixed %>', data)).toBe('&lt;li&gt;,&lt;b&gt;');
    expect(page('<%- [1, 2].map(() => markup`<i>&</i>`) %>')).toBe('<i>&</i><i>&</i>');
    expect(page(`<%- dangerouslyRaw('<hr>', { reason: 'a line of our own' }) %>`)).toBe('<hr>');
    expect(page('<a href="<%= url(a) %>">', { a: 'vbscript:x' })).toBe('<a href="about:blank#blocked">');
    // `<%=` escapes markup too: it is for those who want to show it.
    expect(page('<%= part %>', { part: markup`<b>` })).toBe('&lt;b&gt;');
  });

  it('includes with data, rooted too, and lays a layout around', () => {
    const { html } = tryPage(
      {
        'page.ejs': '<% layout("layouts/main", { title: "<T>" }) %><%- include("parts/item", { item: a }) %>',
        'parts/item.ejs': '<i><%= item %><%= a %></i><%- include("./leaf") %><%- include("/parts/leaf.ejs") %>',
        'parts/leaf.ejs': '<u><%= item %></u>',
        'layouts/main.ejs': '<title><%= title %></title><%- body %><%- include("parts/leaf", { item: "end" }) %>',
      },
      { a: '&' },
    );
    expect(html).toBe('<title>&lt;T&gt;</title><i>&amp;&amp;</i><u>&amp;</u><u>&amp;</u><u>end</u>');
  });

  it('takes other delimiters', () => {
    const options = { delimiter: '?', openDelimiter: '[', closeDelimiter: ']' };
    expect(page('<p title=[?= a ?]>[?- a ?]<%= a %>', { a: '< >' }, options)).toBe(
      '<p title=&#60;&#32;&#62;>&lt; &gt;<%= a %>',
    );
  });

  it('takes the delimiters that the app has set on the package', () => {
    const ejs = Object.assign(Object.create(plainEjs) as object, { delimiter: '?' });
    expect(page('<?= a ?>', { a: '<' }, { ejs })).toBe('&lt;');
    expect(page('<?= a ?><%= a %>', { a: '<' }, { ejs, delimiter: '%' })).toBe('<?= a ?>&lt;');
  });

  it('leaves what a template does with EJS itself', () => {
    expect(page('<%= escapeFn(0) %>|<%- escapeFn("&") %>|<% __append("x") %>')).toBe('0|&amp;amp;|x');
    expect(page('<%= 1, 2 %>|<%= // nothing\n %>|<%= (1, 2) %>|<%= x => 1 %>')).toBe('1||2|x =&gt; 1');
  });

  it('names file and line of an error, in an include too', () => {
    const thrown = tryPage({ 'page.ejs': 'a\nb\n<%- include("inner") %>', 'inner.ejs': '\n<%= nobody.name %>' }).error;
    expect(thrown).toBeInstanceOf(ReferenceError);
    expect(thrown?.message).toMatch(/inner\.ejs:2\n[\s\S]*nobody is not defined/);
    expect(thrown?.message).toMatch(/page\.ejs:3\n/);
    expect(tryPage({ 'page.ejs': '\n<%= a b %>' }).error?.message).toMatch(/page\.ejs/);
    expect(tryPage({ 'page.ejs': '<%- include("page") %>' }).error).toBeInstanceOf(RangeError);
  });

  it('keeps a compiled template in production, and looks at its file elsewhere', () => {
    for (const [mode, expected] of [
      ['production', 'one'],
      ['development', 'two'],
    ] as const) {
      const { folder, again } = tryPage({ 'page.ejs': 'one' }, {}, { mode });
      writeFileSync(join(folder, 'page.ejs'), 'two');
      utimesSync(join(folder, 'page.ejs'), 1, 1);
      expect(again()).toBe(expected);
    }
    const { folder, again } = tryPage({ 'page.ejs': 'one' }, {}, { cache: false });
    writeFileSync(join(folder, 'page.ejs'), 'three');
    expect(again()).toBe('three');
  });
});

describe('a warning', () => {
  it('is sent once for each file, with the line and what to do, and only where escaping changed something', () => {
    const text = '<%- include("inner") %>\n<%- title %>\n<%- body %>\n<%- body %>';
    const { html, told, again } = tryPage(
      { 'page.ejs': text, 'inner.ejs': '<%- body %>' },
      { title: 'Plain', body: '<b>' },
    );
    expect(html).toBe('&lt;b&gt;\nPlain\n&lt;b&gt;\n&lt;b&gt;');
    again();
    expect(told.map(({ details }) => [String(details?.file).split('/').at(-1), details?.line])).toEqual([
      ['inner.ejs', 1],
      ['page.ejs', 3],
    ]);
    expect(told[0]).toMatchObject({ event: 'sys_template_warning', level: 'WARN', practice: 'input' });
    expect(told[0]?.description).toContain('dangerouslyRaw(html, { reason })');
    expect(JSON.stringify(told)).not.toContain('<b>');
  });

  it('is a process warning without a gate', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const folder = folderOf({ 'page.ejs': '<%- body %>' });
    templates.ejs().call(undefined, join(folder, 'page.ejs'), { body: '<b>' }, () => undefined);
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('page.ejs:1 writes with <%-'),
      'BulwarkWarning',
    );
  });

  it.each([
    ['script', '<script>\nvar a = "<%= a %>"</script>'],
    ['handler', '<p\nonclick="f(\'<%= a %>\')">'],
    ['handler', '<iframe\nsrcdoc="<%= a %>"></iframe>'],
  ])('tells of a %s that escaping for HTML does not protect: %s', (kind, text) => {
    const { told } = tryPage({ 'page.ejs': text }, { a: 'a' });
    expect(told.map(({ details }) => details)).toEqual([expect.objectContaining({ kind, line: 2 })]);
  });

  it.each([
    '<script><%- json(a) %></script>',
    '<script nonce="<%= a %>"></script>',
    '<p data-on="<%= a %>">',
    '<p>onclick=<%= a %>',
  ])('is not sent for %s', (text) => {
    expect(tryPage({ 'page.ejs': text }, { a: 'a' }).told).toEqual([]);
  });

  it.each(['<a href="<%= a %>">', '<a href=" <%= none %><%= a %>">', '<form action=<%= a %>>', '<a href="<%- a %>">'])(
    'is sent where an address was refused: %s',
    (text) => {
      const { html, told } = tryPage({ 'page.ejs': text }, { a: 'javascript:x', none: '' });
      expect(html).toContain('about:blank#blocked'.replaceAll('/', '&#47;'));
      expect(told.map(({ details }) => details?.kind)).toEqual(['address']);
      const reported = tryPage({ 'page.ejs': text }, { a: 'javascript:x', none: '' }, { reportOnly: true });
      expect([reported.html?.includes('javascript:x'), reported.told.length]).toEqual([true, 1]);
    },
  );

  it('is all that happens in monitor mode', () => {
    const { html, told } = tryPage({ 'page.ejs': '<%- body %><%= body %>' }, { body: '<b>' }, { reportOnly: true });
    expect([html, told.length]).toEqual(['<b>&lt;b&gt;', 1]);
  });
});

describe('an include stays within the views', () => {
  const SECRET = { 'views/page.ejs': '<%- include(name) %>', 'secret.ejs': 'secret', 'views2/secret.ejs': 'secret' };
  const render = (name: unknown, options: EjsOptions = {}): { html: string | undefined; error: Error | undefined } => {
    const folder = folderOf(SECRET);
    let result: { html: string | undefined; error: Error | undefined } = { html: undefined, error: undefined };
    ejsEngine({ ...options }).call({ root: `${folder}/views` }, `${folder}/views/page.ejs`, { name }, (error, html) => {
      result = { html, error: error as Error };
    });
    return result;
  };

  it.each([
    '../secret',
    './../secret.ejs',
    '/../secret',
    '../views2/secret',
    '/secret',
    'nobody',
    '',
    '.',
    '..',
    ['page'],
    null,
  ])('and not %j', (name) => {
    const { html, error } = render(name);
    expect([html, error]).toEqual([undefined, expect.any(Error)]);
  });

  it('which plain EJS leaves (the control)', async () => {
    const folder = folderOf(SECRET);
    const renderFile = plainEjs.renderFile as (path: string, data: object) => Promise<string>;
    expect(await renderFile(`${folder}/views/page.ejs`, { name: '../secret' })).toBe('secret');
    expect(await renderFile(`${folder}/views/page.ejs`, { name: '../views2/secret' })).toBe('secret');
  });

  it('or the folders that the app names', () => {
    const root = folderOf({ 'shared.ejs': 'shared' });
    expect(render('/shared', { root }).html).toBe('shared');
    expect(render('shared', { root: [root] }).html).toBe('shared');
  });
});

describe('what the engine is made with', () => {
  it.each<[string, object, string]>([
    ['an unknown option', { escape: String }, 'ERR_CONFIG_UNKNOWN_KEY'],
    ['client', { client: true }, 'ERR_CONFIG_UNKNOWN_KEY'],
    ['an empty delimiter', { delimiter: '' }, 'ERR_CONFIG_VALUE'],
    ['a package that is none', { ejs: {} }, 'ERR_CONFIG_VALUE'],
    ['a package that compiles nothing', { ejs: { Template: class {} } }, 'ERR_CONFIG_VALUE'],
    [
      'an EJS without modes',
      {
        ejs: {
          Template: Object.assign(class extends (plainEjs.Template as new () => object) {}, { modes: undefined }),
        },
      },
      'ERR_CONFIG_VALUE',
    ],
  ])('%s is refused', (_what, options, code) => {
    expect(() => templates.ejs(options)).toThrow(expect.objectContaining({ code }));
    expect(() => templates.ejs(options)).toThrow(ConfigError);
  });

  it('an EJS that prints otherwise is refused at once', () => {
    type Base = new (text: string, options: object) => { scanLine(part: string): void; source: string };
    const { modes } = plainEjs.Template as { modes: object };
    // As if a version had found a shorter way to print.
    class Other extends (plainEjs.Template as Base) {
      override scanLine(part: string): void {
        super.scanLine(part);
        this.source = this.source.replaceAll('__append(escapeFn(', '__append((');
      }
    }
    const ejs = { Template: Object.assign(Other, { modes }) };
    expect(() => templates.ejs({ ejs })).toThrow(/this version of ejs is not understood: .* printed/);
  });

  it('the package may be handed over', () => {
    expect(page('<%- a %>', { a: '<' }, { ejs: plainEjs })).toBe('&lt;');
    expect(page('<%- a %>', { a: '<' }, { ejs: { default: plainEjs } })).toBe('&lt;');
  });
});
