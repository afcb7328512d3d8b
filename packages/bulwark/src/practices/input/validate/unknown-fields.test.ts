import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkPart } from './check-part.ts';
import { readSchemas, type UnknownFields } from './schemas.ts';
import { findUnknown } from './unknown-fields.ts';

/** What a body becomes: its value, or the fields that are wrong. */
async function judge(schema: StandardSchemaV1, input: unknown, unknown: UnknownFields = 'refuse'): Promise<unknown> {
  const fields = new Map<string, string>();
  const ready = readSchemas({ body: schema }, unknown).parts.get('body');
  if (ready === undefined) throw new Error('no schema');
  const outcome = await checkPart('body', ready, input, unknown === 'refuse', fields);
  return outcome === undefined ? Object.fromEntries(fields) : outcome.value;
}

const LIBRARIES = [
  [
    'zod',
    {
      user: z.object({ name: z.string(), address: z.object({ city: z.string() }).optional() }),
      items: z.object({ items: z.array(z.object({ id: z.number() })) }),
      loose: z.looseObject({ name: z.string() }),
      record: z.object({ tags: z.record(z.string(), z.number()) }),
      union: z.union([
        z.object({ kind: z.literal('a'), x: z.number() }),
        z.object({ kind: z.literal('b'), y: z.number() }),
      ]),
      renamed: z.object({ full_name: z.string() }).transform(({ full_name }) => ({ fullName: full_name })),
      flat: z.object({ address: z.object({ city: z.string() }).transform(({ city }) => city) }),
      dated: z.object({ at: z.iso.date().transform((text) => new Date(text)) }),
      refined: z.object({ a: z.string(), b: z.string() }).refine(async ({ a, b }) => Promise.resolve(a === b)),
      strict: z.strictObject({ name: z.string() }),
    },
  ],
  [
    'valibot',
    {
      user: v.object({ name: v.string(), address: v.optional(v.object({ city: v.string() })) }),
      items: v.object({ items: v.array(v.object({ id: v.number() })) }),
      loose: v.looseObject({ name: v.string() }),
      record: v.object({ tags: v.record(v.string(), v.number()) }),
      union: v.union([
        v.object({ kind: v.literal('a'), x: v.number() }),
        v.object({ kind: v.literal('b'), y: v.number() }),
      ]),
      renamed: v.pipe(
        v.object({ full_name: v.string() }),
        v.transform(({ full_name }) => ({ fullName: full_name })),
      ),
      flat: v.object({
        address: v.pipe(
          v.object({ city: v.string() }),
          v.transform(({ city }) => city),
        ),
      }),
      dated: v.object({
        at: v.pipe(
          v.string(),
          v.isoDate(),
          v.transform((text) => new Date(text)),
        ),
      }),
      refined: v.pipeAsync(
        v.object({ a: v.string(), b: v.string() }),
        v.checkAsync(async ({ a, b }) => Promise.resolve(a === b)),
      ),
      strict: v.strictObject({ name: v.string() }),
    },
  ],
  [
    'arktype',
    {
      user: type({ name: 'string', 'address?': { city: 'string' } }),
      items: type({ items: type({ id: 'number' }).array() }),
      loose: type({ name: 'string', '[string]': 'unknown' }),
      record: type({ tags: { '[string]': 'number' } }),
      union: type({ kind: "'a'", x: 'number' }).or({ kind: "'b'", y: 'number' }),
      renamed: type({ full_name: 'string' }).pipe(({ full_name }) => ({ fullName: full_name })),
      flat: type({ address: type({ city: 'string' }).pipe(({ city }) => city) }),
      dated: type({ at: 'string.date.iso.parse' }),
      // ArkType has no promises.
      refined: type({ a: 'string', b: 'string' }).narrow(({ a, b }) => a === b),
      strict: type({ name: 'string', '+': 'reject' }),
    },
  ],
] as const;

describe.each(LIBRARIES)('with %s', (library, schemas) => {
  it('takes what is declared', async () => {
    expect(await judge(schemas.user, { name: 'ann', address: { city: 'Ulm' } })).toEqual({
      name: 'ann',
      address: { city: 'Ulm' },
    });
    expect(await judge(schemas.user, { name: 'ann' })).toEqual({ name: 'ann' });
    expect(await judge(schemas.items, { items: [{ id: 1 }, { id: 2 }] })).toEqual({ items: [{ id: 1 }, { id: 2 }] });
    expect(await judge(schemas.refined, { a: 'x', b: 'x' })).toEqual({ a: 'x', b: 'x' });
  });

  it('the schema alone lets the unknown field by without a word (the control)', async () => {
    const { value } = (await schemas.user['~standard'].validate({ name: 'ann', role: 'admin' })) as { value: object };
    // It is dropped, and with ArkType not even that.
    expect(Object.keys(value)).toEqual(library === 'arktype' ? ['name', 'role'] : ['name']);
  });

  it('refuses an unknown field', async () => {
    expect(await judge(schemas.user, { name: 'ann', role: 'admin' })).toEqual({ role: 'unknown field' });
    expect(await judge(schemas.strict, { name: 'ann', role: 'admin' })).toEqual({ role: 'unknown field' });
  });

  it('at any depth, and in lists', async () => {
    expect(await judge(schemas.user, { name: 'ann', address: { city: 'Ulm', evil: 1 } })).toEqual({
      'address.evil': 'unknown field',
    });
    expect(await judge(schemas.items, { items: [{ id: 1 }, { id: 2, evil: { x: 1 } }] })).toEqual({
      'items[1].evil': 'unknown field',
    });
  });

  it('drops it where that is asked for', async () => {
    expect(
      await judge(schemas.user, { name: 'ann', role: 'admin', address: { city: 'Ulm', evil: 1 } }, 'strip'),
    ).toEqual({
      name: 'ann',
      address: { city: 'Ulm' },
    });
    expect(await judge(schemas.items, { items: [{ id: 1, evil: 1 }] }, 'strip')).toEqual({ items: [{ id: 1 }] });
  });

  it('takes any field where the schema says that it does', async () => {
    expect(await judge(schemas.loose, { name: 'ann', role: { of: 'admin' } })).toEqual({
      name: 'ann',
      role: { of: 'admin' },
    });
    expect(await judge(schemas.record, { tags: { a: 1, b: 2 } })).toEqual({ tags: { a: 1, b: 2 } });
  });

  it('knows the branch of a union that fits', async () => {
    expect(await judge(schemas.union, { kind: 'b', y: 1 })).toEqual({ kind: 'b', y: 1 });
    expect(await judge(schemas.union, { kind: 'a', x: 1, evil: 1 })).toEqual({ evil: 'unknown field' });
  });

  it('knows a field that a transform renames, and one that it turns into something else', async () => {
    expect(await judge(schemas.renamed, { full_name: 'ann' })).toEqual({ fullName: 'ann' });
    expect(await judge(schemas.renamed, { full_name: 'ann', role: 'admin' })).toEqual({ role: 'unknown field' });
    expect(await judge(schemas.flat, { address: { city: 'Ulm' } })).toEqual({ address: 'Ulm' });
    expect(await judge(schemas.flat, { address: { city: 'Ulm', evil: 1 } })).toEqual({
      'address.evil': 'unknown field',
    });
    expect(await judge(schemas.dated, { at: '2026-11-01' })).toEqual({ at: new Date('2026-11-01') });
  });

  it('refuses beside a refinement, an async one too', async () => {
    expect(await judge(schemas.refined, { a: 'x', b: 'x', evil: 1 })).toEqual({ evil: 'unknown field' });
    expect(Object.keys((await judge(schemas.refined, { a: 'x', b: 'y' })) as object)).toEqual(['body']);
  });

  it('a null object, as parsers of queries make it, is an object', async () => {
    const query: unknown = Object.assign(Object.create(null) as object, { name: 'ann', role: 'admin' });
    expect(await judge(schemas.user, query)).toEqual({ role: 'unknown field' });
  });
});

describe('with zod', () => {
  it.each<[string, StandardSchemaV1, unknown, unknown]>([
    ['defaults', z.object({ a: z.number().default(1) }), {}, { a: 1 }],
    ['coercion', z.object({ a: z.coerce.number() }), { a: '5' }, { a: 5 }],
    [
      'preprocess that picks',
      z.preprocess((raw) => ({ a: (raw as { b: unknown }).b }), z.object({ a: z.string() })),
      { b: 'x' },
      { a: 'x' },
    ],
    ['catch', z.object({ a: z.number().catch(0) }), { a: 'x' }, { a: 0 }],
    ['a record whose keys are changed', z.record(z.string().toUpperCase(), z.number()), { a: 1 }, { A: 1 }],
    [
      'an intersection',
      z.intersection(z.object({ a: z.number() }), z.object({ b: z.number() })),
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ],
    [
      'a discriminated union',
      z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), y: z.number() })]),
      { k: 'b', y: 1 },
      { k: 'b', y: 1 },
    ],
    [
      'any value, handed on under another name',
      z.object({ raw: z.any() }).transform(({ raw }) => ({ kept: raw as unknown })),
      { raw: { x: { y: 1 } } },
      { kept: { x: { y: 1 } } },
    ],
    [
      'a list that becomes shorter',
      z.array(z.number()).transform((list) => list.filter((n) => n > 1)),
      [1, 2, 3],
      [2, 3],
    ],
    ['a list that becomes a set', z.array(z.string()).transform((list) => new Set(list)), ['a', 'a'], new Set(['a'])],
    ['a tree', tree(), { next: { next: {} } }, { next: { next: {} } }],
    ['null and undefined', z.object({ a: z.null(), b: z.undefined() }), { a: null, b: undefined }, { a: null }],
  ])('%s: nothing is unknown', async (_what, schema, input, output) => {
    expect(await judge(schema, input)).toEqual(output);
  });

  it.each<[string, StandardSchemaV1, unknown, string[]]>([
    ['beside a default', z.object({ a: z.number().default(1) }), { evil: 1 }, ['evil']],
    [
      'beside what preprocess picks',
      z.preprocess((raw) => ({ a: (raw as { b: unknown }).b }), z.object({ a: z.string() })),
      { b: 'x', evil: 1 },
      ['evil'],
    ],
    [
      'in another branch of a union',
      z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), y: z.number() })]),
      { k: 'a', y: 1 },
      ['y'],
    ],
    ['deep in a tree', tree(), { next: { next: { evil: 1 } } }, ['next.next.evil']],
    ['whole, not each of its own fields', z.object({}), { evil: { a: 1, b: 2 } }, ['evil']],
    ['with a name of a prototype', z.looseObject({}), JSON.parse('{"__proto__":{"isAdmin":true}}'), ['__proto__']],
  ])('%s: it is unknown', async (_what, schema, input, fields) => {
    expect(await judge(schema, input)).toEqual(Object.fromEntries(fields.map((name) => [name, 'unknown field'])));
  });

  it('names at most 50 fields, each bounded and cleaned', async () => {
    const input = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`\u202e${i}${'x'.repeat(500)}`, 1]));
    const fields = Object.keys((await judge(z.object({}), input)) as object);
    expect(fields).toHaveLength(50);
    expect(fields.every((name) => name.length < 100 && name.startsWith('\\u202e'))).toBe(true);
  });
});

describe('with valibot', () => {
  it('items behind the end of a tuple are unknown', async () => {
    expect(await judge(v.tuple([v.number()]), [1, 2])).toEqual({ '[1]': 'unknown field' });
    expect(await judge(v.tuple([v.number()]), [1])).toEqual([1]);
  });
});

describe('a schema that cannot be asked twice', () => {
  type Answer = StandardSchemaV1.Result<unknown>;
  const FAILED: Answer = { issues: [{ message: 'x' }] };

  it.each<[string, () => Answer | Promise<Answer>]>([
    [
      'that throws',
      () => {
        throw new Error('no proxies');
      },
    ],
    ['that rejects', () => Promise.reject(new Error('no proxies'))],
    ['that finds issues', () => FAILED],
    ['that finds issues later', () => Promise.resolve(FAILED)],
  ])('%s: what is missing is refused, although it was read', async (_what, second) => {
    const input = { a: 1, b: 2 };
    let calls = 0;
    const check = (value: unknown): Answer | Promise<Answer> => {
      const { a, b } = value as typeof input;
      return calls++ === 0 ? { value: { sum: a + b } } : second();
    };
    expect(await findUnknown(input, (check(input) as { value: unknown }).value, check)).toEqual([['a'], ['b']]);
  });
});

function tree(): StandardSchemaV1 {
  const node: z.ZodType = z.object({ next: z.lazy(() => node).optional() });
  return node;
}
