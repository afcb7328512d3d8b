import { type Row, row, type Wire } from './verdict-row.ts';

const note = (name: string, verdict: string, body: string, more: Partial<Wire> = {}): Row =>
  row(name, verdict, {
    method: 'PUT',
    target: '/notes/7',
    headers: [
      ['Sec-Fetch-Site', 'same-origin'],
      ['Content-Type', 'application/json'],
    ],
    body,
    ...more,
  });
const to = (name: string, verdict: string, next: string, path = '/go'): Row =>
  row(name, verdict, { target: `${path}?next=${encodeURIComponent(next)}` });

/** What `validate()` and the guard of redirects say. */
export const VALIDATION: readonly Row[] = [
  row('a search', '200', { target: '/search?q=%20a', says: '{"q":"a"}' }),
  row('a search without its parameter', '400 ERR_VALIDATION', { target: '/search', says: 'query.q' }),
  row('a search with it twice', '400 ERR_VALIDATION', { target: '/search?q=a&q=b', says: 'query.q' }),
  row('a search with an object', '400 ERR_QUERY_INVALID', { target: '/search?q[$ne]=a' }),
  row('a search with one more', '400 ERR_VALIDATION', {
    target: '/search?q=a&role=b',
    says: '"query.role":"unknown field"',
  }),
  row('a search that is too long', '400 ERR_VALIDATION', { target: `/search?q=${'x'.repeat(21)}` }),
  note('a note', '200', '{"title":"a","text":"<b onclick=x>b"}', { says: '"text":"<b>b</b>"' }),
  note('a note with an operator', '400 ERR_VALIDATION', '{"title":{"$ne":null}}', { says: '"title"' }),
  note('a note with one field more', '400 ERR_VALIDATION', '{"title":"a","role":"admin"}', {
    says: '"role":"unknown field"',
  }),
  note('a note whose number is none', '400 ERR_VALIDATION', '{"title":"a"}', { target: '/notes/x', says: 'params.id' }),
  note('a note without a body', '400 ERR_VALIDATION', ''),
  note('a note whose HTML is too deep', '400 ERR_VALIDATION', JSON.stringify({ title: 'a', text: '<b>'.repeat(600) })),
  note('an answer that does not fit', '500 ERR_RESPONSE_INVALID', '{"title":"wrong"}'),
  to('a redirect within the site', '302', '/account?x=1'),
  to('a redirect to another site', '400 ERR_REDIRECT_EXTERNAL', 'https://evil.example/'),
  to('one with two slashes', '400 ERR_REDIRECT_EXTERNAL', '//evil.example'),
  to('one with a slash and a backslash', '400 ERR_REDIRECT_EXTERNAL', '/\\evil.example'),
  to('one with a tab', '400 ERR_REDIRECT_EXTERNAL', '/\t/evil.example'),
  to('one to a script', '400 ERR_REDIRECT_EXTERNAL', 'javascript:alert(1)'),
  to('a declared one', '302', 'https://pay.example/1', '/go/pay'),
  to('a near miss of it', '400 ERR_REDIRECT_EXTERNAL', 'https://pay.example.evil.example/1', '/go/pay'),
];
