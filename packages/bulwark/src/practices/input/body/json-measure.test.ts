import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { EXPRESS, send, serve } from '../../../../test/support/http.ts';
import type { Refusal } from '../../../errors.ts';
import { type InputOptions, input } from '../index.ts';
import { objectionToShape } from './body-keys.ts';
import { measureJson } from './json-measure.ts';

const LIMITS = { depth: 100, keys: 100_000 };
const reasonOf = (text: string): string | undefined =>
  objectionToShape(JSON.parse(text), LIMITS, measureJson(Buffer.from(text)).members)?.reason;

const TWICE = 'an object has the same key twice';

const ATTACKS = [
  '{"a":1,"a":2}',
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"\\u0061":1,"a":2}',
  '{"":1,"":2}',
  '{"a":{"b":1},"a":{"b":1}}',
  '[{"a":1},{"b":[{"c":1,"c":2}]}]',
  '{"role":"user","name":"x","role":"admin"}',
  '{ "a" : 1 , "a" : 2 }',
  '{"é":1,"\\u00e9":2}',
  '{"1":1,"1":2}',
  '{"a:b":1,"a:b":2}',
  `{"${'k'.repeat(100)}":1,"${'k'.repeat(100)}":2}`,
  '{"\\"":1,"\\u0022":2}',
];

const NEAR_MISSES = [
  '{}',
  '[]',
  '{"a":1,"b":2}',
  '{"a":1,"A":2}',
  '{"a":{"a":{"a":1}}}',
  '[{"a":1},{"a":2}]',
  '{"a":"{\\"b\\":1,\\"b\\":2}"}',
  '{"a":"::::","b:":":"}',
  '{"a\\\\":1,"a\\\\\\\\":":"}',
  '{"\\"a":":","a\\"":1}',
  `{"a":"${':'.repeat(200)}","b":1}`,
  `{"a":"${'\\\\'.repeat(100)}","b":"${'\\"'.repeat(100)}:"}`,
  '{"a":"\\u003a\\u0022:"}',
  '{"\u00e9":1,"e\u0301":2}',
];

describe('the same key twice', () => {
  it.each(ATTACKS)('%s: seen', (text) => {
    expect(reasonOf(text)).toBe(TWICE);
  });

  it.each(NEAR_MISSES)('%s: passes', (text) => {
    expect(reasonOf(text)).toBeUndefined();
  });

  it('of text that is no JSON it ends, and counts something', () => {
    for (const text of ['', '"', '"\\', '"'.repeat(500), `"${'\\'.repeat(201)}`, '{"a', ':::', `"${'x'.repeat(200)}`]) {
      expect(measureJson(Buffer.from(text)).members).toBeGreaterThanOrEqual(0);
    }
  });

  it('counts as a naive writer does, and sees what that writer repeated (property)', () => {
    const nothing = { members: 0, depth: 0, twice: false };
    const unit = fc.constantFrom('a', 'b', ':', '{', '"', '\\', 'é', '\u2028', '😀', ',', '}', '\n', '0');
    const letter = fc.tuple(unit, fc.boolean());
    const written = fc
      .oneof(
        { weight: 5, arbitrary: fc.array(letter, { maxLength: 4 }) },
        { weight: 1, arbitrary: fc.array(letter, { minLength: 60, maxLength: 200 }) },
      )
      .map((letters) => ({
        text: `"${letters.map(([part, escaped]) => (escaped ? escapeAll(part) : JSON.stringify(part).slice(1, -1))).join('')}"`,
      }));
    // Without escapes: JSON.parse of node 24 and 26 now and then takes an escaped key for one with a backslash in it that
    // an earlier object had, so it is no judge of what was repeated. How keys are spelt is the matter of the lists above.
    const plain = fc.constantFrom('a', 'b', ':', '{', 'é', '\u2028', '😀', ',', '}', '0');
    const named = fc
      .oneof(
        { weight: 5, arbitrary: fc.array(plain, { maxLength: 4 }) },
        { weight: 1, arbitrary: fc.array(plain, { minLength: 60, maxLength: 200 }) },
      )
      .map((letters) => ({ value: letters.join(''), text: `"${letters.join('')}"` }));
    const space = fc.constantFrom('', '', ' ', '\n\t');
    interface Node {
      readonly text: string;
      readonly members: number;
      readonly depth: number;
      readonly twice: boolean;
    }
    const { value } = fc.letrec<{ value: Node }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constantFrom('1', 'null', '-1.5e3', 'true').map((text) => ({ text, ...nothing })),
        written.map(({ text }) => ({ text, ...nothing })),
        fc.array(tie('value'), { maxLength: 4 }).map((items) => ({
          text: `[${items.map(({ text }) => text).join(',')}]`,
          members: items.reduce((sum, { members }) => sum + members, 0),
          depth: 1 + Math.max(0, ...items.map(({ depth }) => depth)),
          twice: items.some(({ twice }) => twice),
        })),
        fc.array(fc.tuple(named, space, tie('value')), { maxLength: 5 }).map((pairs) => ({
          text: `{${pairs.map(([key, blank, item]) => `${key.text}${blank}:${blank}${item.text}`).join(`,`)}}`,
          members: pairs.reduce((sum, [, , { members }]) => sum + members + 1, 0),
          depth: 1 + Math.max(0, ...pairs.map(([, , { depth }]) => depth)),
          twice: new Set(pairs.map(([key]) => key.value)).size < pairs.length || pairs.some(([, , { twice }]) => twice),
        })),
      ),
    }));
    let repeated = 0;
    fc.assert(
      fc.property(value, ({ text, members, depth, twice }) => {
        if (twice) repeated++;
        expect(measureJson(Buffer.from(text))).toEqual({ members, depth });
        expect(reasonOf(text)).toBe(twice ? TWICE : undefined);
      }),
      { numRuns: 3000 },
    );
    expect(repeated).toBeGreaterThan(50);
  });
});

function escapeAll(text: string): string {
  return Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
    '',
  );
}

describe.each(EXPRESS)('JSON on Express %s', (_, express) => {
  async function post(body: string | Buffer, options: InputOptions | undefined): Promise<[number, unknown]> {
    const app = express();
    if (options !== undefined) app.use(input(options));
    app.use(express.json());
    app.post('/', (req, res) => void res.json(req.body));
    app.use(((error: Refusal, _req, res, _next) => {
      res.status(error.status).json(error.reason);
    }) as import('express').ErrorRequestHandler);
    const served = await serve(app);
    const answer = await send(served.url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    await served.close();
    return [answer.status, answer.json()];
  }

  it('parses nothing that nests too deep or has too many keys; express.json() makes objects of all of it', async () => {
    const deep = `${'['.repeat(40_000)}${']'.repeat(40_000)}`;
    const wide = `[${Array(10_001).fill('{"":1}').join()}]`;
    const parse = vi.spyOn(JSON, 'parse');
    const parsed = (text: string): boolean => parse.mock.calls.some(([given]) => given === text);
    try {
      for (const [body, refusal] of [
        [deep, [400, 'nested deeper than 32 levels']],
        [wide, [413, 'more than 10000 keys']],
      ] as const) {
        expect(await post(body, {})).toEqual(refusal);
        expect(parsed(body)).toBe(false);
      }
      await post(wide, undefined);
      expect(parsed(wide)).toBe(true);
    } finally {
      parse.mockRestore();
    }
  });

  it('control: express.json() takes the last of two, where a proxy may have checked the first', async () => {
    expect(await post('{"role":"user","role":"admin"}', undefined)).toEqual([200, { role: 'admin' }]);
  });

  it('refuses the same key twice, unless the policy takes the last', async () => {
    for (const body of ATTACKS) expect([body, ...(await post(body, {}))]).toEqual([body, 400, TWICE]);
    for (const body of NEAR_MISSES) expect([body, ...(await post(body, {}))]).toEqual([body, 200, JSON.parse(body)]);
    expect(await post('{"a":1,"a":2}', { json: { duplicates: 'last' } })).toEqual([200, { a: 2 }]);
    expect(await post('{"__proto__":1,"__proto__":2}', { json: { duplicates: 'last' } })).toEqual([
      400,
      'a key named __proto__',
    ]);
  });

  it('a number that would be Infinity is refused; one that is rounded, where the app asks for it', async () => {
    expect(await post('{"a":1e999}', undefined)).toEqual([200, { a: null }]);
    for (const body of ['{"a":1e999}', '[-1e999]', '[[{"a":[1e400]}]]']) {
      expect(await post(body, {})).toEqual([400, 'a number is out of range']);
    }
    const large = '{"id":9007199254740993}';
    expect(await post(large, {})).toEqual([200, { id: 9007199254740992 }]);
    const exact = { json: { numbers: 'exact' } } as const;
    expect(await post(large, exact)).toEqual([400, 'a whole number is beyond 2^53 and would be rounded']);
    const fine = '{"id":9007199254740991,"x":[-9007199254740991,0.1,1e-7,0]}';
    expect(await post(fine, exact)).toEqual([200, JSON.parse(fine)]);
  });

  it('a byte order mark is passed over, as express.json() does', async () => {
    for (const options of [undefined, {}]) expect(await post('\ufeff{"a":1}', options)).toEqual([200, { a: 1 }]);
    expect((await post('\ufeff\ufeff{"a":1}', {}))[0]).toBe(400);
  });
});
