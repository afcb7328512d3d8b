import { expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { home, setUp } from './fixtures/memory-log.ts';
import { queryReader } from './logged-query.ts';
import { secretTest } from './secret-names.ts';

const read = queryReader('redacted', secretTest(['tenant', 'user.email']));

it.each([
  ['/', []],
  ['/?', []],
  ['/?page=2&sort=name', ['page=2', 'sort=name']],
  ['/?flag&&x=', ['flag', 'x=']],
  ['/?q=a+b%20c%C3%A4', ['q=a b cä']],
  [
    '/?token=hunter2&access_token=hunter2&apiKey=hunter2',
    ['token=[redacted]', 'access_token=[redacted]', 'apiKey=[redacted]'],
  ],
  [
    '/?code=hunter2&state=hunter2&SAMLResponse=hunter2',
    ['code=[redacted]', 'state=[redacted]', 'SAMLResponse=[redacted]'],
  ],
  ['/?X-Amz-Credential=hunter2&sig=hunter2', ['X-Amz-Credential=[redacted]', 'sig=[redacted]']],
  ['/?%74oken=hunter2', ['%74oken=[redacted]']],
  ['/?user[password]=hunter2&user[name]=ann', ['user[password]=[redacted]', 'user[name]=ann']],
  ['/?tenant=hunter2&user[email]=hunter2', ['tenant=[redacted]', 'user[email]=[redacted]']],
  ['/?t=9f86d081884c7d659a2feaa0c55ad015', ['t=[redacted]']],
  ['/?9f86d081884c7d659a2feaa0c55ad015', ['[redacted]']],
  ['/?next=https://a.example/b?t=hunter2', ['next=https://a.example/b']],
  ['/?next=%2Fb%3Ft%3Dhunter2', ['next=/b']],
  ['/?a=password%3Dhunter2', ['a=password=[redacted]']],
  ['/?a=%0Aforged%1b[2J', ['a=\\u000aforged\\u001b[2J']],
  ['/?a=%E0%A4%A', ['a=%E0%A4%A']],
  [`/?a=${'x '.repeat(60)}`, ['a=[redacted]']],
])('%s is logged as %j', (target, logged) => {
  expect(read?.(target)).toEqual(logged);
});

it('is bounded', () => {
  expect(read?.(`/?${'a=1&'.repeat(1000)}`)).toHaveLength(20);
});

it.each(EXPRESS)('query: redacted on Express %s', async (_, express) => {
  const { url, log } = await setUp(express, home, { query: 'redacted' });
  await send(`${url}/?page=2&token=hunter2`);
  await log.until(1);
  expect(log.lines[0]).toMatchObject({ path: '/', query: ['page=2', 'token=[redacted]'] });
});
