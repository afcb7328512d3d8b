import { type } from 'arktype';
import type { Request } from 'express';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../../errors.ts';
import { html, text, type ValidateSchemas, validate } from '../index.ts';

describe('the types', () => {
  it('of a handler are those of the schemas’ outputs, frozen', () => {
    const checked = validate({
      body: z.object({
        title: z.string().transform((title) => title.length),
        tags: z.array(z.string()),
        at: z.coerce.date(),
      }),
      query: v.object({ page: v.pipe(v.string(), v.transform(Number)) }),
      params: type({ id: 'string.numeric.parse' }),
    });
    type Out = ReturnType<typeof checked.of>;
    expectTypeOf<Out['body']>().toEqualTypeOf<{
      readonly title: number;
      readonly tags: readonly string[];
      readonly at: Date;
    }>();
    expectTypeOf<Out['query']>().toEqualTypeOf<{ readonly page: number }>();
    expectTypeOf<Out['params']>().toEqualTypeOf<{ readonly id: number }>();
    expectTypeOf<Out>().not.toHaveProperty('headers');
    expectTypeOf<Request['valid']>().toExtend<{ readonly body?: unknown } | undefined>();
    expectTypeOf<ReturnType<ReturnType<typeof html>>>().toEqualTypeOf<string>();
  });

  it('html() and text() stand in each library, and alone', async () => {
    const each = {
      zod: z.object({ a: z.string().transform(html()), b: z.string().transform(text()) }),
      valibot: v.object({ a: v.pipe(v.string(), v.transform(html())), b: v.pipe(v.string(), v.transform(text())) }),
      arktype: type({ a: type('string').pipe(html()), b: type('string').pipe(text()) }),
    };
    for (const schema of Object.values(each)) {
      expect(await schema['~standard'].validate({ a: '<i x=1>a', b: ' b\u202e ' })).toMatchObject({
        value: { a: '<i>a</i>', b: 'b' },
      });
    }
    const alone = validate({ body: text() });
    expectTypeOf<ReturnType<typeof alone.of>['body']>().toEqualTypeOf<string>();
  });
});

describe('what validate() refuses to be made of', () => {
  it.each<[string, unknown, string, string]>([
    ['nothing', undefined, 'ERR_CONFIG_VALUE', 'validate()'],
    ['an empty object', {}, 'ERR_CONFIG_VALUE', 'validate()'],
    ['only what is undefined', { body: undefined }, 'ERR_CONFIG_VALUE', 'validate()'],
    ['a schema by itself', z.object({}), 'ERR_CONFIG_VALUE', 'validate()'],
    ['a key that does not exist', { boby: z.object({}) }, 'ERR_CONFIG_UNKNOWN_KEY', 'validate().boby'],
    ['a shape that is no schema', { body: { title: z.string() } }, 'ERR_CONFIG_VALUE', 'validate().body'],
    ['a function', { query: () => true }, 'ERR_CONFIG_VALUE', 'validate().query'],
    ['null', { params: null }, 'ERR_CONFIG_VALUE', 'validate().params'],
    [
      'another version of the standard',
      { body: { '~standard': { version: 2, validate: () => ({ value: 1 }) } } },
      'ERR_CONFIG_VALUE',
      'validate().body',
    ],
    ['a response without a status', { response: {} }, 'ERR_CONFIG_VALUE', 'validate().response'],
    [
      'a response with a word for a status',
      { response: { ok: z.object({}) } },
      'ERR_CONFIG_VALUE',
      'validate().response.ok',
    ],
    ['a response that is no schema', { response: { 200: {} } }, 'ERR_CONFIG_VALUE', 'validate().response.200'],
    [
      'a union that ArkType cannot close',
      { response: type({ a: 'string' }).or({ b: 'number' }) },
      'ERR_CONFIG_VALUE',
      'validate().response',
    ],
  ])('%s', (_what, schemas, code, field) => {
    expect(() => validate(schemas as ValidateSchemas)).toThrow(expect.objectContaining({ code, field }) as Error);
  });

  it('unknown options', () => {
    expect(() => validate({ body: z.object({}) }, { unknown: 'ignore' as 'strip' })).toThrow(ConfigError);
    expect(() => validate({ body: z.object({}) }, { unkown: 'strip' } as object)).toThrow('did you mean "unknown"');
  });

  it('the fix names the key that was meant', () => {
    expect(() => validate({ bodi: z.object({}) } as ValidateSchemas)).toThrow('did you mean "body"');
  });
});
