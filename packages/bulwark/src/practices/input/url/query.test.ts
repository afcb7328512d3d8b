import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUIET } from '../../../../test/support/ask.ts';
import { EXPRESS, type Express, send, serve } from '../../../../test/support/http.ts';
import { ConfigError } from '../../../errors.ts';
import { secure } from '../../../secure.ts';
import { input } from '../index.ts';
import { queryRule } from './query.ts';
import { QUERY_DEFAULTS } from './url-options.ts';

// Express's own.
const load = createRequire(createRequire(import.meta.url).resolve('express4'));
const qs = load('qs') as { parse(query: string, options: object): Record<string, unknown> };

const objection = queryRule(QUERY_DEFAULTS);

const PROTOTYPE = "a parameter's name reaches a prototype";
const OBJECT = "a parameter's name makes an object of it (query.objects)";
const UNDECODABLE = 'the percent-encoding of the query cannot be decoded';
const ZERO = 'the query holds a zero byte';

const REFUSED: readonly (readonly [string, string])[] = [
  ['__proto__=1', PROTOTYPE],
  ['__proto__[isAdmin]=1', PROTOTYPE],
  ['a=1&__proto__', PROTOTYPE],
  ['a[__proto__][b]=1', PROTOTYPE],
  ['%5f_proto__[x]=1', PROTOTYPE],
  ['__pr%6fto__%5Bx%5D=1', PROTOTYPE],
  ['constructor[prototype][x]=1', PROTOTYPE],
  ['constructor.prototype.x=1', PROTOTYPE],
  ['a[b=][__proto__]=1', PROTOTYPE],
  ['a[b]=1', OBJECT],
  ['user[$ne]=', OBJECT],
  ['user%5B%24ne%5D=', OBJECT],
  ['user%5b$gt%5d=', OBJECT],
  ['a=1&a[b]=2', OBJECT],
  ['[b]=1', OBJECT],
  ['[]=1', OBJECT],
  ['a[0][b]=1', OBJECT],
  ['a[][]=1', OBJECT],
  ['a[20]=1', OBJECT],
  ['a[01]=1', OBJECT],
  ['a[-1]=1', OBJECT],
  ['a[ ]=1', OBJECT],
  ['a[b=1', OBJECT],
  ['a[b]c=1', OBJECT],
  ['a[0]=1&a[0]=2', OBJECT],
  ['a[5]&a[%35]', OBJECT],
  ['%', UNDECODABLE],
  ['a=%', UNDECODABLE],
  ['a=%zz', UNDECODABLE],
  ['a=%ff', UNDECODABLE],
  ['a=%c0%af', UNDECODABLE],
  ['a=%00', ZERO],
  ['%00', ZERO],
  [`${'a&'.repeat(1000)}b`, 'more than 1000 parameters (query.parameterLimit)'],
];

const PASSES = [
  '',
  '&&=',
  'a',
  'a=1&b=2',
  'a=1&a=2',
  'a[]=1&a[]=2',
  'a[0]=1&a[1]=2',
  'a%5B%5D=1',
  'a[19]=1',
  'a]b=1',
  'a.b=1',
  'a=[b]',
  'a=b[c]',
  'a=__proto__',
  'proto=1',
  'my__proto__x=1',
  'constructor=Ferrari',
  'constructor[]=Ferrari',
  'prototype=1',
  'a=100%25',
  'a=x%0D%0Ay',
  'a=b%26__proto__%3D1',
  'q=caf%C3%A9+x',
  'next=%2Fa%3Fb%5Bc%5D%3D1',
  Array(25).fill('a=1').join('&'),
  `${'b&'.repeat(30)}c`,
  Array.from({ length: 1000 }, (_, i) => `p${i}`).join('&'),
];

describe('the query', () => {
  it.each(REFUSED)('%s: refused', (query, reason) => {
    expect(objection(query)).toBe(reason);
  });

  it.each(PASSES)('%s: passes', (query) => {
    expect(objection(query)).toBeUndefined();
  });

  it('objects: allow lets nested names through, and prototype keys not', () => {
    const allowing = queryRule({ ...QUERY_DEFAULTS, objects: 'allow' });
    for (const [query, reason] of REFUSED) {
      expect([query, allowing(query)]).toEqual([query, reason === OBJECT ? undefined : reason]);
    }
  });

  it('duplicates: refuse is for apps whose parameters are all scalar', () => {
    const strict = queryRule({ ...QUERY_DEFAULTS, duplicates: 'refuse' });
    const twice = 'a parameter comes twice (query.duplicates)';
    const list = 'a parameter is a list (query.duplicates)';
    for (const [query, reason] of [
      ['a=1&a=2', twice],
      ['a&a', twice],
      ['a=1&b=2&%61=3', twice],
      ['a+b=1&a%20b=2', twice],
      ['a[]=1', list],
      ['a[0]=1', list],
      ['a%5B%5D=1', list],
    ] as const)
      expect([query, strict(query)]).toEqual([query, reason]);
    for (const query of ['a=1&A=2', 'a=1&b=1', 'a=1&a%2b=2', '&&', 'a=a&b=a']) expect(strict(query)).toBeUndefined();
  });

  it('parameterLimit counts what stands between the signs', () => {
    const few = queryRule({ ...QUERY_DEFAULTS, parameterLimit: 2 });
    expect(few('a&b')).toBeUndefined();
    expect(few('a&b&c')).toBe('more than 2 parameters (query.parameterLimit)');
    expect(few('&&')).toBe('more than 2 parameters (query.parameterLimit)');
  });

  it('whatever passes, the parser of Express 4 makes strings and lists of strings of it', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '[',
      ']',
      '[]',
      '[0]',
      '[19]',
      '[20]',
      '[b]',
      '=',
      ']=',
      '&',
      '%5B',
      '%5d',
      '%3D',
      '+',
      '.',
      '__proto__',
      'constructor',
      'prototype',
      '%5f',
      '1',
      '$ne',
    );
    let passed = 0;
    const scalars = (value: unknown): boolean =>
      typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const query = pieces.join('');
        if (objection(query) !== undefined) return;
        passed++;
        // As Express 4 calls it.
        const parsed = qs.parse(query, { allowPrototypes: true, arrayLimit: 1000 });
        expect([query, Object.values(parsed).filter((value) => !scalars(value))]).toEqual([query, []]);
      }),
      { numRuns: 20_000 },
    );
    expect(passed).toBeGreaterThan(1000);
  });
});

describe.each(EXPRESS)('the query on Express %s', (_, express) => {
  const build = (make: Express, secured: boolean, policy = {}): unknown => {
    const app = make();
    app.set('query parser', 'extended');
    app.get('/', (req, res) => void res.json({ query: req.query }));
    if (secured) secure(app, { ...QUIET, input: policy });
    return app;
  };
  const headers = { host: 'shop.example' };

  it('control: qs makes an object of it, with an operator in it', async () => {
    const served = await serve(build(express, false));
    expect((await send(served.url, { target: '/?user[$ne]=' })).json()).toEqual({ query: { user: { $ne: '' } } });
    expect((await send(served.url, { target: '/?a[0]=1&a[0]=2' })).json()).toEqual({ query: { a: [['1', '2']] } });
    await served.close();
  });

  it('is refused with a code and the setting; what passes is left to Express', async () => {
    const served = await serve(build(express, true));
    for (const [query, reason] of REFUSED) {
      const answer = await send(served.url, { target: `/?${query.replaceAll(' ', '%20')}`, headers });
      expect([query, answer.status, answer.json().code]).toEqual([query, 400, 'ERR_QUERY_INVALID']);
      expect(answer.body).toContain(reason);
    }
    for (const query of PASSES) {
      expect([query, (await send(served.url, { target: `/?${query}`, headers })).status]).toEqual([query, 200]);
    }
    const list = await send(served.url, { target: '/?a[]=1&a[]=2&b=x%0Ay', headers });
    expect(list.json()).toEqual({ query: { a: ['1', '2'], b: 'x\ny' } });
    await served.close();
  });

  it('settings of the policy hold in the gate', async () => {
    const served = await serve(build(express, true, { query: { objects: 'allow', duplicates: 'refuse' } }));
    expect((await send(served.url, { target: '/?a[b]=1', headers })).json()).toEqual({ query: { a: { b: '1' } } });
    expect((await send(served.url, { target: '/?a=1&a=2', headers })).json().code).toBe('ERR_QUERY_INVALID');
    await served.close();
  });
});

describe('query: options', () => {
  it.each<[string, unknown, string]>([
    ['no parameters', { parameterLimit: 0 }, 'input.query.parameterLimit'],
    ['unlimited parameters', { parameterLimit: Number.POSITIVE_INFINITY }, 'input.query'],
    ['another word', { objects: 'strip' }, 'input.query.objects'],
    ['true', { duplicates: true }, 'input.query.duplicates'],
    ['an unknown key', { depth: 5 }, 'input.query.depth'],
  ])('refuses %s', (_, query, field) => {
    expect(() => input({ query: query as never })).toThrow(ConfigError);
    expect(() => input({ query: query as never })).toThrow(new RegExp(`^${field}`.replaceAll('.', '\\.')));
  });
});
