import fc from 'fast-check';
import sanitizeHtml from 'sanitize-html';
import { describe, expect, it } from 'vitest';
import { ConfigError, Refusal } from '../../../errors.ts';
import { type HtmlOptions, html } from './html.ts';
import { attributesOf } from './html-attributes.ts';
import { PRESETS } from './html-presets.ts';

const rich = html();

describe('html() leaves what is harmless as it is', () => {
  const HARMLESS = [
    '',
    'plain text, with "quotes" and \'apostrophes\'',
    'a &lt; b &amp;&amp; c &gt; d',
    '<p>One <strong>strong</strong>, <em lang="fr">très</em>, <bdo dir="rtl">abc</bdo></p>',
    '<h1>Title</h1><h6>Least</h6><hr><p>line<br>break</p>',
    '<ul><li>one</li><li>two<ol start="3" type="a" reversed><li value="9">x</li></ol></li></ul>',
    '<blockquote cite="https://a.example/"><p>said</p></blockquote><pre><code>if (a &lt; b) {\n  c();\n}</code></pre>',
    '<table><caption>T</caption><colgroup><col span="2"></colgroup><thead><tr><th scope="col" abbr="A">A</th></tr></thead><tbody><tr><td colspan="2" rowspan="3">1</td></tr></tbody></table>',
    '<figure><img src="https://img.example/a.png" alt="A cat" width="10" height="20" loading="lazy"><figcaption>cat</figcaption></figure>',
    '<img src="/own.png" alt="">',
    '<a href="/local?a=1&amp;b=2#c" title="t">local</a> <a href="#top">top</a> <a href="mailto:a@b.example">mail</a> <a href="page">page</a>',
    '<a href="https://b.example/" target="_blank" rel="noopener noreferrer nofollow">away</a>',
    '<details open><summary>More</summary><p>inside</p></details>',
    '<dl><dt>t</dt><dd>d</dd></dl><p><time datetime="2026-10-09">today</time> <q cite="/x">q</q> <ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>',
    'می‌خواهم 👨‍👩‍👧‍👦 हिन्दी',
  ];
  it.each(HARMLESS)('%s', (document) => {
    expect(rich(document)).toBe(document);
  });
});

describe('html() takes out', () => {
  it.each([
    ['scripts, with their text', 'a<script>x()</script>b', 'ab'],
    ['event handlers', '<p onclick="x()" ONMOUSEOVER=x()>a</p>', '<p>a</p>'],
    ['handlers of details', '<details open ontoggle=x()>a</details>', '<details open>a</details>'],
    ['styles', '<style>*{}</style><p style="position:fixed">a</p>', '<p>a</p>'],
    ['SVG and MathML whole', '<svg><a href=javascript:x><text>a</text></a></svg><math><mi>x</mi></math>b', 'b'],
    ['forms, but not their text', '<form action=/x><input name=a><button>go</button></form>', 'go'],
    ['frames and objects', '<iframe src=/x><p>a</p></iframe><object data=x>y</object><embed src=x>', ''],
    ['id, name and class (DOM clobbering)', '<a id=config name=x class=btn href=/a>a</a>', '<a href="/a">a</a>'],
    ['data attributes', '<p data-controller=x>a</p>', '<p>a</p>'],
    ['comments, conditional ones too', 'a<!-- x --><!--[if IE]><b>x</b><![endif]-->b', 'ab'],
    ['base, meta and link', '<base href=//e><meta http-equiv=refresh content=0><link rel=stylesheet href=x>a', 'a'],
    ['a target of a name', '<a href="/a" target="top">a</a>', '<a href="/a">a</a>'],
    [
      'a rel of the sender',
      '<a href="https://e.example" rel="opener">a</a>',
      '<a href="https://e.example" rel="noopener noreferrer nofollow">a</a>',
    ],
    ['sizes that are no numbers', '<img src="/a" width="100%" height="1e9">', '<img src="/a">'],
    ['NUL and the like', 'a\u0000b\u0008c\u{1f}d\ud800', 'abcd\ufffd'],
  ])('%s', (_what, dirty, clean) => {
    expect(rich(dirty)).toBe(clean);
  });

  it.each([
    'javascript:x()',
    'JaVaScRiPt:x()',
    ' javascript:x()',
    '\u0001javascript:x()',
    'java\tscript:x()',
    'java\nscript:x()',
    'jav&#x09;ascript:x()',
    'javascript&colon;x()',
    '&#106;avascript:x()',
    'vbscript:x',
    'data:text/html,x',
    'blob:x',
    'file:///etc/passwd',
    'ftp://a.example/',
    'tel:1',
    '//evil.example',
    '\\\\evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    ' //evil.example',
    'view-source:x',
    'filesystem:x',
    'intent:x',
    'https://[',
    'x-y:z',
  ])('the address %j', (address) => {
    expect(rich(`<a href="${address}">a</a>`)).toBe('<a>a</a>');
    expect(rich(`<img src="${address}">`)).toBe('');
    expect(rich(`<q cite="${address}">a</q>`)).toBe('<q>a</q>');
  });

  it('images over plain HTTP or from a mail address', () => {
    expect(rich('<img src="http://a.example/"><img src="mailto:a"><img srcset="https://a.example 1x">')).toBe('');
  });

  it.each(['inline', 'basic', 'rich'] as const)('what is not in the preset %s', (preset) => {
    const sanitize = html({ preset });
    const all = [...new Set(Object.values(PRESETS).flatMap((markup) => Object.keys(markup)))].filter(
      (name) => name !== '*',
    );
    expect(all.length).toBeGreaterThan(50);
    for (const name of all.filter((tag) => tag !== 'img')) {
      const kept = sanitize(`<${name}>`).startsWith(`<${name}>`);
      expect([name, kept]).toEqual([name, Object.hasOwn(PRESETS[preset], name)]);
    }
  });
});

it('addresses are judged by our own list, before sanitize-html looks at them', () => {
  const clean = attributesOf({ classes: [], idPrefix: undefined, dangerouslyAllowSchemes: [] }, PRESETS.rich, {});
  for (const href of [
    '//evil.example',
    '/\\evil.example',
    '\t//evil.example',
    'javascript:x()',
    'java\nscript:x()',
    'data:,x',
  ]) {
    expect(clean('a', { href, onclick: 'x()' })).toEqual({});
  }
  expect(clean('a', { href: '/a', title: 't' })).toEqual({ href: '/a', title: 't' });
});

describe('html() is a fixed point', () => {
  const name = fc.constantFrom(
    'p',
    'b',
    'a',
    'table',
    'td',
    'tr',
    'li',
    'ul',
    'form',
    'foo',
    'svg',
    'math',
    'style',
    'noscript',
    'title',
    'textarea',
    'br',
    'select',
    'iframe',
    'h1',
    'img',
    'template',
    'desc',
    'mtext',
  );
  const piece = fc.oneof(
    name.map((tag) => `<${tag}>`),
    name.map((tag) => `</${tag}>`),
    name.map((tag) => `<${tag}/>`),
    fc
      .tuple(name, fc.constantFrom('href', 'src', 'id', 'title', 'onload'), fc.string())
      .map(([tag, key, value]) => `<${tag} ${key}="${value}">`),
    fc.constantFrom(
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<!',
      '<?',
      '&lt;',
      '&amp;lt;',
      '&#13;',
      '"',
      "'",
      '<',
      '>',
      '\r',
      '\0',
      '&',
    ),
    fc.string(),
  );
  it('whatever comes in', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const once = rich(pieces.join(''));
        expect(rich(once)).toBe(once);
        expect(once).not.toMatch(/<(?!\/?[a-z][a-z0-9]*[ >])/);
      }),
      { numRuns: 3000 },
    );
  });

  it('where one pass alone would not be (the control)', () => {
    // The inner paragraph ends the outer one as soon as the unknown element between them is gone.
    const nested = '<p><foo><p>x</p></foo></p>';
    const once = sanitizeHtml(nested);
    expect(sanitizeHtml(once)).not.toBe(once);
    expect(rich(nested)).toBe('<p></p><p>x</p><p></p>');
  });
});

describe('html() is bounded', () => {
  it('a text over the limit is refused before it is parsed', () => {
    expect(() => html({ max: 10 })('<b>1234567')).not.toThrow();
    expect(() => html({ max: 10 })('<b>12345678')).toThrow(Refusal);
  });

  it('so are elements that are opened and never closed: the parser looks through its list of them', () => {
    expect(() => rich('<b>'.repeat(512))).not.toThrow();
    expect(() => rich('<b>'.repeat(513))).toThrow('too many elements open at once');
    expect(() => rich('<x>'.repeat(30_000))).toThrow('too many elements open at once');
    // What one text left open does not count against the next.
    expect(rich('<b>a</b>')).toBe('<b>a</b>');
  });

  it('deep nesting loses its tags, not its text', () => {
    const deep = html({ depth: 3 })(`${'<div>'.repeat(5)}x${'</div>'.repeat(5)}`);
    expect(deep).toBe('<div><div><div>x</div></div></div>');
  });

  it.each([
    ['angle brackets', '<'.repeat(100_000)],
    ['ampersands', '&'.repeat(100_000)],
    ['comments that do not end', '<!--'.repeat(25_000)],
    ['attributes', `<a ${'x '.repeat(49_000)}>`],
    ['elements side by side', '<b></b>'.repeat(14_000)],
    ['end tags without a start', '</p>'.repeat(25_000)],
    ['a long address', `<a href="${'javascript:'.repeat(9000)}">`],
    ['spaces', `<a href="${' '.repeat(99_000)}">`],
  ])('100 KB of %s come out, at most seven times as long', (_what, dirty) => {
    expect(rich(dirty).length).toBeLessThanOrEqual(dirty.length * 7);
  });
});

describe('html() is a Standard Schema', () => {
  const validate = (value: unknown): unknown => html({ max: 10 })['~standard'].validate(value);
  it('that gives the text or says what is wrong, and never what it was', () => {
    expect(validate('<i>a')).toEqual({ value: '<i>a</i>' });
    expect(validate('12345678901')).toEqual({ issues: [{ message: 'is longer than 10 characters' }] });
    expect(validate(5)).toEqual({ issues: [{ message: 'must be text' }] });
  });
});

describe('options of html()', () => {
  it('classes and ids stay as far as they are listed', () => {
    const sanitize = html({ classes: ['note', 'language-*'], idPrefix: 'user-' });
    expect(sanitize('<p class="note btn language-js languagex" id="user-1">a</p><p id="user" class="btn">b</p>')).toBe(
      '<p class="note language-js" id="user-1">a</p><p>b</p>',
    );
  });

  it('what is opened is open, and nothing beside it', () => {
    const sanitize = html({
      dangerouslyAllowTags: ['video'],
      dangerouslyAllowAttributes: { video: ['src', 'controls'], '*': ['role'] },
      dangerouslyAllowSchemes: ['tel'],
    });
    expect(sanitize('<video src="https://a.example/v" controls autoplay role=x></video><a href="tel:1">c</a>')).toBe(
      '<video src="https://a.example/v" controls role="x"></video><a href="tel:1">c</a>',
    );
    expect(sanitize('<video src="javascript:x"></video>')).toBe('<video></video>');
  });

  it.each<[string, object]>([
    ['an unknown key', { presets: 'rich' }],
    ['an unknown preset', { preset: 'all' }],
    ['a limit of nothing', { max: 0 }],
    ['a limit that is none', { max: Number.NaN }],
    ['a depth without bound', { depth: 1000 }],
    ['every class', { classes: ['*'] }],
    ['a class of which nothing is known', { classes: ['a*'] }],
    ['an empty prefix of ids', { idPrefix: '' }],
    ['a prefix without a hyphen', { idPrefix: 'user' }],
    ['script', { dangerouslyAllowTags: ['script'] }],
    ['SVG', { dangerouslyAllowTags: ['svg'] }],
    ['a tag in capitals', { dangerouslyAllowTags: ['SCRIPT'] }],
    ['style', { dangerouslyAllowAttributes: { p: ['style'] } }],
    ['an event handler', { dangerouslyAllowAttributes: { '*': ['onclick'] } }],
    ['ids without a prefix', { dangerouslyAllowAttributes: { p: ['id'] } }],
    ['javascript', { dangerouslyAllowSchemes: ['javascript'] }],
    ['data', { dangerouslyAllowSchemes: ['data'] }],
  ])('%s is refused', (_what, options) => {
    expect(() => html(options as HtmlOptions)).toThrow(ConfigError);
  });
});
