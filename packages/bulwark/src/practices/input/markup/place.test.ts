import { describe, expect, it } from 'vitest';
import { DocumentPlace } from './place.ts';

/** The places of the values of a template; `@` stands for a value, `§` for code. */
function placesOf(template: string): string[] {
  const document = new DocumentPlace();
  return template
    .split('@')
    .slice(0, -1)
    .map((literal) => {
      for (const [i, part] of literal.split('§').entries()) {
        if (i > 0) document.branch();
        document.read(part);
      }
      const { in: where, attribute, first } = document.value();
      return [where, attribute, first ? 'first' : ''].filter((word) => word !== '').join(' ');
    });
}

describe('a value stands', () => {
  it.each<[string, string[]]>([
    ['@', ['text']],
    ['<p>@</p>@', ['text', 'text']],
    ['a < b @', ['text']],
    ['a <3 @ <', ['text']],
    ['1 > 0 "@', ['text']],
    ['<p title="@">@', ['quoted title first', 'text']],
    ["<p title='@'>@", ['quoted title first', 'text']],
    ['<p title="a @ b @">', ['quoted title', 'quoted title']],
    ['<p title="@@">', ['quoted title first', 'quoted title first']],
    ['<a href="@\n @/@">', ['quoted href first', 'quoted href first', 'quoted href']],
    ['<a href="§/a§@§">', ['quoted href first']],
    ['<a href=/a§@>', ['bare href first']],
    ['<a href="/a§?q=@§&r=@">', ['quoted href', 'quoted href']],
    ['§<a §>@§@', ['text', 'text']],
    ['<a href=" @">', ['quoted href first']],
    ['<a href="#@" id="@">', ['quoted href', 'quoted id first']],
    ['<p title = "@">', ['quoted title first']],
    ['<P TITLE="@">', ['quoted title first']],
    ['<p title=@>@', ['bare title first', 'text']],
    ['<p title=@@ x=@>', ['bare title first', 'bare title first', 'bare x first']],
    ['<p title=@/@>', ['bare title first', 'bare title']],
    ['<p title=a@>', ['bare title']],
    ['<p title= @>', ['bare title first']],
    ['<p title=\n@>', ['bare title first']],
    ['<a href=/x/@>', ['bare href']],
    ['<p a="x"b=@>', ['bare b first']],
    ['<p a=">" b="@">@', ['quoted b first', 'text']],
    ["<p a=\"'\" b='@'>", ['quoted b first']],
    ['<p/title=@>', ['bare title first']],
    ['<p @>@', ['bare', 'text']],
    ['<p @="x" b="@">', ['bare', 'quoted b first']],
    ['<p data-@="@">', ['bare', 'quoted data- first']],
    ['<@>@', ['bare', 'text']],
    ['</@>@', ['bare', 'text']],
    ['<h@ title="@">', ['bare', 'quoted title first']],
    ['</p title="@">@', ['quoted title first', 'text']],
    ['<br/>@', ['text']],
    ['<a href="/x?q=@">', ['quoted href']],
    ['<svg><a xlink:href="@">', ['quoted xlink:href first']],
    ['<p =@ b=@>', ['bare', 'bare b first']],
  ])('%s', (template, places) => {
    expect(placesOf(template)).toEqual(places);
  });

  it.each<[string, string[]]>([
    ['<script>@</script>@', ['script', 'text']],
    ['<SCRIPT src="x">@</SCRIPT >@', ['script', 'text']],
    ['<script>"<p title=@>"</script>', ['script']],
    ['<script>"</scriptx>@"</script>@', ['script', 'text']],
    ['<script>a = "</p>@"</script>', ['script']],
    ['<script>x</script title="@">@', ['quoted title first', 'text']],
    ['<script>x</script/>@', ['text']],
    ['<scripty>@', ['text']],
    ['<style>@</style>@', ['text', 'text']],
    ['<style><p title="@"></style><p title="@">', ['text', 'quoted title first']],
    ['<textarea><p title="@</textarea><p title="@">', ['text', 'quoted title first']],
    ['<title>@</title><p id="@">', ['text', 'quoted id first']],
    ['</script><p id="@">', ['quoted id first']],
  ])('in %s', (template, places) => {
    expect(placesOf(template)).toEqual(places);
  });

  it.each<[string, string[]]>([
    ['<!-- <p title="@" --><p id="@">', ['text', 'quoted id first']],
    ['<!-- a -- b > @ --!><p id="@">', ['text', 'quoted id first']],
    ['<!--><p id="@">', ['quoted id first']],
    ['<!---><p id="@">', ['quoted id first']],
    ['<!-- <script> -->@', ['text']],
    ['<!doctype html><p id="@">', ['quoted id first']],
    ['<!-x "><p id="@">', ['quoted id first']],
    ['<!><p id="@">', ['quoted id first']],
    ['<?xml version="1.0?><p id="@">', ['quoted id first']],
    ['</ x="><p id="@">', ['quoted id first']],
    ['</><p id="@">', ['quoted id first']],
    ['<<p id="@">', ['quoted id first']],
  ])('after %s', (template, places) => {
    expect(placesOf(template)).toEqual(places);
  });
});
