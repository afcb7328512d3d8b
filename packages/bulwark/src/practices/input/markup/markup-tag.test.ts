import { describe, expect, it } from 'vitest';
import { json } from './json-in-script.ts';
import { markup } from './markup-tag.ts';
import { sanitized } from './sanitized.ts';

const evil = `<img src=x onerror="x('1')"> & \``;

describe('markup', () => {
  it('escapes values for where they stand', () => {
    expect(String(markup`<p title="${evil}">${evil}</p>`)).toBe(
      '<p title="&lt;img src=x onerror=&#34;x(&#39;1&#39;)&#34;&gt; &amp; `">&lt;img src=x onerror=&#34;x(&#39;1&#39;)&#34;&gt; &amp; `</p>',
    );
    expect(String(markup`<p title=${'a onclick=x()'}>`)).toBe('<p title=a&#32;onclick&#61;x()>');
    expect(String(markup`<a href="${'java\nscript:x()'}">`)).toBe('<a href="about:blank#blocked">');
    expect(String(markup`<a href="/${'javascript:x()'}">`)).toBe('<a href="/javascript:x()">');
  });

  // Control: written as nothing, it makes the next attribute's quote the value, which then ends at the first blank.
  it('writes an empty value without quotes so that it takes nothing of what stands behind it', () => {
    const name = 'x onfocus=x() autofocus';
    for (const empty of ['', null, undefined, false, [], ['', null], markup``]) {
      expect(String(markup`<input value=${empty} name="${name}">`)).toBe(`<input value="" name="${name}">`);
    }
    expect(String(markup`<input value=${''}>`)).toBe('<input value="">');
    expect(String(markup`<a href=${''}/x rel=a${''} id=${['a', '']}>`)).toBe('<a href=/x rel=a id=a>');
    expect(String(markup`<p id=${''}${''} title="a">`)).toBe('<p id=&#32; title="a">');
    expect(String(markup`<p id=${''}${'b'} title="a">`)).toBe('<p id=b title="a">');
  });

  it('writes what is safe, lists one after another, and nothing for nothing', () => {
    const items = ['a', '<b>'].map((item) => markup`<li>${item}</li>`);
    expect(String(markup`<ul>${items}</ul>`)).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
    expect(String(markup`${null}${undefined}${false}${0}${['<', markup`<br>`]}`)).toBe('0&lt;<br>');
  });

  it('escapes JSON and sanitised HTML where their quotes would end an attribute', () => {
    const value = { a: '" onfocus=x() "' };
    expect(String(markup`<script>${json(value)}</script>`)).toBe('<script>{"a":"\\" onfocus=x() \\""}</script>');
    expect(String(markup`<p data-a='${json(value)}'>`)).toContain(
      '{&#34;a&#34;:&#34;\\&#34; onfocus=x() \\&#34;&#34;}',
    );
    const html = sanitized('<p title="x">"</p>');
    expect(String(markup`<div>${html}</div>`)).toBe('<div><p title="x">"</p></div>');
    expect(String(markup`<div title="${html}">`)).toBe('<div title="&lt;p title=&#34;x&#34;&gt;&#34;&lt;/p&gt;">');
    expect(String(markup`<script>"${html}"</script>`)).not.toContain('<p');
  });

  it.each<[string, unknown]>([
    ['text', '<script>x()</script>'],
    ['a list out of JSON', JSON.parse('["<script>x()</script>"]')],
    ['a list with a raw form', Object.assign(['<script>'], { raw: ['<script>'] })],
    ['an object', { raw: ['<script>'], 0: '<script>', length: 1 }],
  ])('is no function: not for %s', (_what, strings) => {
    expect(() => markup(strings as TemplateStringsArray)).toThrow(TypeError);
  });
});
