import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { one, QUIET } from '../../../../test/support/ask.ts';
import { EXPRESS } from '../../../../test/support/http.ts';
import { secure } from '../../../secure.ts';
import { memory } from '../../logging/fixtures/memory-log.ts';
import { validate } from '../index.ts';
import { addField, addIssues } from './issues.ts';

const CANARY = 'c4nary"Z9\\x7-secret';

/** Every kind of objection that each library makes, each to a value that holds the canary. */
const LIBRARIES: readonly (readonly [string, StandardSchemaV1])[] = [
  [
    'zod',
    z.object({
      number: z.number(),
      email: z.email(),
      choice: z.enum(['a', 'b']),
      literal: z.literal('a'),
      short: z.string().max(3),
      pattern: z.string().regex(/^\d+$/),
      nested: z.object({ list: z.array(z.object({ url: z.url() })) }),
      union: z.union([z.number(), z.boolean()]),
      date: z.iso.date(),
      own: z.string().refine(() => false, { error: ({ input }) => `I do not like ${String(input)}` }),
      cut: z.string().refine(() => false, { error: ({ input }) => `not "${String(input).slice(0, 14)}…"` }),
      key: z.record(z.enum(['a']), z.string()),
    }),
  ],
  [
    'valibot',
    v.object({
      number: v.number(),
      email: v.pipe(v.string(), v.email()),
      choice: v.picklist(['a', 'b']),
      literal: v.literal('a'),
      short: v.pipe(v.string(), v.maxLength(3)),
      pattern: v.pipe(v.string(), v.regex(/^\d+$/)),
      nested: v.object({ list: v.array(v.object({ url: v.pipe(v.string(), v.url()) })) }),
      union: v.union([v.number(), v.boolean()]),
      date: v.pipe(v.string(), v.isoDate()),
      own: v.pipe(
        v.string(),
        v.check(
          () => false,
          ({ input }) => `I do not like ${input}`,
        ),
      ),
      cut: v.pipe(
        v.string(),
        v.check(
          () => false,
          ({ received }) => `not ${received.slice(0, 14)}…`,
        ),
      ),
      key: v.record(v.picklist(['a']), v.string()),
    }),
  ],
  [
    'arktype',
    type({
      number: 'number',
      email: 'string.email',
      choice: "'a' | 'b'",
      literal: "'a'",
      short: 'string <= 3',
      pattern: /^\d+$/,
      nested: { list: type({ url: 'string.url' }).array() },
      union: 'number | boolean',
      date: 'string.date.iso',
      own: type('string').narrow((value, ctx) => ctx.mustBe(`better than ${value}`)),
      cut: type('string').narrow((value, ctx) =>
        ctx.reject({ expected: `not "${value.slice(0, 14)}…"`, actual: value }),
      ),
      key: { '[/^a$/]': 'string' },
    }),
  ],
];

const BODY = {
  ...Object.fromEntries(
    ['number', 'email', 'choice', 'literal', 'short', 'pattern', 'union', 'date', 'own', 'cut'].map((key) => [
      key,
      CANARY,
    ]),
  ),
  nested: { list: [{ url: CANARY }] },
  key: { b: CANARY },
};

/** What is left of a text of the canary's letters, in whatever quotation marks. */
const traces = (text: string): string[] =>
  ['c4nary', 'z9', 'x7secret'].filter((part) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .includes(part),
  );

describe.each(LIBRARIES)('what %s says of a value', (library, schema) => {
  it('quotes it, in one of its messages at least (the control)', async () => {
    const { issues } = (await schema['~standard'].validate(BODY)) as StandardSchemaV1.FailureResult;
    expect(issues.length).toBeGreaterThan(8);
    expect(traces(issues.map(({ message }) => message).join())).not.toEqual([]);
  });

  it('goes on without it, with a field for each', async () => {
    const { issues } = (await schema['~standard'].validate(BODY)) as StandardSchemaV1.FailureResult;
    const fields = new Map<string, string>();
    addIssues(fields, 'body', library, issues, BODY);
    expect([...fields.keys()].filter((name) => !name.startsWith('key')).toSorted()).toEqual([
      'choice',
      'cut',
      'date',
      'email',
      'literal',
      'nested.list[0].url',
      'number',
      'own',
      'pattern',
      'short',
      'union',
    ]);
    expect(traces([...fields.values()].join())).toEqual([]);
    // Not everything is neutral for that.
    expect(new Set(fields.values()).size).toBeGreaterThan(3);
  });

  it.each(EXPRESS)('on Express %s it is in no answer and no log line', async (_version, express) => {
    const log = memory();
    const app = express();
    secure(app, { ...QUIET, logging: { stream: log, query: 'names', headers: ['x-number'] } });
    const query =
      library === 'zod'
        ? z.object({ q: z.number() })
        : library === 'valibot'
          ? v.object({ q: v.number() })
          : type({ q: 'number' });
    app.post(
      '/:id',
      validate({ body: schema, query, params: query, headers: query }),
      (_req, res) => void res.send('ran'),
    );
    const answer = await one(app, {
      method: 'POST',
      target: `/c4nary?q=${encodeURIComponent(CANARY)}`,
      headers: { 'content-type': 'application/json', q: CANARY },
      body: JSON.stringify(BODY),
    });
    expect(answer.json()).toMatchObject({ status: 400, code: 'ERR_VALIDATION' });
    await log.until(2);
    // The path was chosen by whoever sent it, and is logged by its own rules.
    expect(traces(answer.body + log.raw.join('').replaceAll('"path":"/c4nary"', ''))).toEqual([]);
  });
});

describe('texts', () => {
  const textOf = (message: string, input: unknown, more: object = {}, vendor = 'other'): string | undefined => {
    const fields = new Map<string, string>();
    addIssues(fields, 'body', vendor, [{ message, path: ['a'], ...more }], input);
    return fields.get('a');
  };

  it.each<[string, string, unknown]>([
    ['a whole value', 'no "hunter2" please', { a: 'hunter2' }],
    ['a value of another field', 'no hunter2 please', { b: { c: ['hunter2'] } }],
    ['capitals', 'no HUNTER2', { a: 'hunter2' }],
    ['escapes', 'no "hun\\"ter\\\\2"', { a: 'hun"ter\\2' }],
    ['a piece of a long one', 'no correct horse batt…', { a: 'correct horse battery staple' }],
    ['a piece of its middle', 'no …horse battery…', { a: 'correct horse battery staple' }],
    ['a number', 'not 4711', { a: 4711 }],
    ['signs only', 'not !$%&/', { a: '!$%&/' }],
  ])('%s in a text makes it neutral', (_what, message, input) => {
    expect(textOf(message, input)).toBe('is not valid');
  });

  it('others go on, cleaned and bounded', () => {
    expect(textOf('must be ten characters', { a: 'hunter2', b: 'x' })).toBe('must be ten characters');
    expect(textOf('a\u202eb\n', { a: 'hunter2' })).toBe('a\\u202eb\\u000a');
    expect(textOf('y'.repeat(1000), {})?.length).toBeLessThanOrEqual(201);
    expect(textOf('', {})).toBe('is not valid');
    expect(textOf(5 as unknown as string, {})).toBe('is not valid');
  });

  it('with more values than can be looked through every text is neutral', () => {
    expect(textOf('must be ten', { a: Array.from({ length: 2000 }, (_, i) => `value ${i}`) })).toBe('is not valid');
  });

  it('a missing key is said to be missing', () => {
    expect(
      textOf(
        'Invalid key: Expected "a" but received undefined',
        {},
        { expected: '"a"', received: 'undefined' },
        'valibot',
      ),
    ).toBe('is missing');
  });

  it('paths are bounded too', () => {
    const fields = new Map<string, string>();
    addField(fields, 'query', Array(1000).fill('k'.repeat(1000)), 'x');
    addField(fields, 'body', [], 'x');
    addField(fields, 'body', ['a', 3, 'b', '7'], 'x');
    expect([...fields.keys()].every((name) => name.length < 900)).toBe(true);
    expect([...fields.keys()].slice(1)).toEqual(['body', 'a[3].b[7]']);
  });
});
