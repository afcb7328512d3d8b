import { describe, expect, it } from 'vitest';
import { EXPRESS, send, serve } from '../../../../test/support/http.ts';
import { input } from '../index.ts';
import { objectionToForm, objectionToName, objectionToShape } from './body-keys.ts';

const LIMITS = { depth: 32, keys: 10_000 };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

const JSON_ATTACKS = [
  '{"__proto__":{"isAdmin":true}}',
  '{"a":{"b":[{"__proto__":{"isAdmin":true}}]}}',
  '[{"__proto__":1}]',
  '{"__proto__":null}',
  '{"\\u005f\\u005fproto\\u005f\\u005f":{"isAdmin":true}}',
  '{"__pro\\u0074o__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '{"a":[{"constructor":{"name":"x","prototype":null}}]}',
  '{"c\\u006fnstructor":{"prot\\u006ftype":{}}}',
  '{"a[__proto__][isAdmin]":true}',
  '{"a[\\"__proto__\\"].isAdmin":true}',
  '{"__proto__.isAdmin":true}',
  '{"constructor.prototype.isAdmin":true}',
  '{"a":1,"__proto__":{"x":1},"a":2}',
];

const JSON_NEAR_MISSES = [
  '{"proto":1}',
  '{"__proto":1,"proto__":2}',
  '{"my__proto__field":1}',
  '{"value":"__proto__"}',
  '["__proto__","constructor","prototype"]',
  '{"constructor":"Ferrari"}',
  '{"constructor":{"name":"Ferrari"}}',
  '{"prototype":{"name":"x"}}',
  '{"constructor":["prototype"]}',
  '{"prototype":{"constructor":1}}',
];

const FORM_ATTACKS = [
  '__proto__=1',
  '__proto__[isAdmin]=1',
  'a=1&b[__proto__][isAdmin]=1',
  '%5F%5fproto__[isAdmin]=1',
  '__pr%6fto__%5BisAdmin%5D=1',
  'constructor[prototype][isAdmin]=1',
  'constructor.prototype.isAdmin=1',
  'constructor%5Bprototype%5D%5BisAdmin%5D=1',
  '__proto__',
  'a[b=c]=1&a[b=][__proto__]=1',
  '%ff[__proto__]=1',
  "a['__proto__'].isAdmin=1",
];

const FORM_NEAR_MISSES = [
  'proto=1',
  'a=__proto__',
  'a=%5F_proto__',
  'constructor[name]=1',
  'prototype=1',
  '__proto=1',
  'my__proto__x=1',
];

describe('names that reach a prototype', () => {
  it.each(JSON_ATTACKS)('JSON refused: %s', (raw) => {
    expect(objectionToShape(JSON.parse(raw), LIMITS)?.reason).toMatch(
      /^a key named (__proto__|constructor\.prototype)$/,
    );
  });

  it.each(JSON_NEAR_MISSES)('JSON passes: %s', (raw) => {
    expect(objectionToShape(JSON.parse(raw), LIMITS)).toBeUndefined();
  });

  it('a name by itself', () => {
    expect(objectionToName('user.profile.name')).toBeUndefined();
    expect(objectionToName('user[__proto__]')?.code).toBe('ERR_BODY_MALFORMED');
  });

  it.each(['a=1&b=2', 'a', '', '=', '&&', '%', '%zz=1'])('a form without them passes: %s', (raw) => {
    expect(objectionToForm(raw)).toBeUndefined();
  });

  it('what is no container passes, and so does a binary body', () => {
    for (const body of [null, 1, 'x', true, undefined, Buffer.alloc(20_000)]) {
      expect(objectionToShape(body, LIMITS)).toBeUndefined();
    }
  });
});

describe('shape', () => {
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
  const nestedObjects = (levels: number): unknown =>
    JSON.parse(`${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`);

  it('32 levels pass, 33 do not', () => {
    expect(objectionToShape(nested(32), LIMITS)).toBeUndefined();
    expect(objectionToShape(nestedObjects(32), LIMITS)).toBeUndefined();
    for (const body of [nested(33), nestedObjects(33), nested(50_000)]) {
      expect(objectionToShape(body, LIMITS)).toEqual({
        code: 'ERR_BODY_MALFORMED',
        reason: 'nested deeper than 32 levels',
      });
    }
  });

  it('counts keys over the whole body, not the items of lists', () => {
    const rows = (count: number): unknown => Array.from({ length: count }, () => ({ a: 1, b: 2 }));
    expect(objectionToShape(rows(5000), LIMITS)).toBeUndefined();
    expect(objectionToShape(rows(5001), LIMITS)?.code).toBe('ERR_BODY_TOO_MANY_FIELDS');
    expect(
      objectionToShape(
        Array.from({ length: 50_000 }, (_, i) => i),
        LIMITS,
      ),
    ).toBeUndefined();
  });
});

describe.each(EXPRESS)('prototype keys, on Express %s', (_, express) => {
  function build(guarded: boolean): unknown {
    const app = express();
    if (guarded) app.use(input());
    app.use(express.json());
    app.use(express.urlencoded({ extended: true }));
    app.post('/', (req, res) => {
      const user = Object.assign({}, req.body) as { isAdmin?: unknown };
      res.json({ isAdmin: user.isAdmin ?? false, own: Object.keys(user), body: req.body });
    });
    return app;
  }

  it('control: express.json() and a merge make an admin without a key of its own', async () => {
    const served = await serve(build(false));
    const answer = await send(served.url, { method: 'POST', headers: JSON_TYPE, body: JSON_ATTACKS[0] ?? '' });
    expect(answer.json()).toMatchObject({ isAdmin: true, own: [] });
    const escaped = await send(served.url, { method: 'POST', headers: JSON_TYPE, body: JSON_ATTACKS[4] ?? '' });
    expect(escaped.json()).toMatchObject({ isAdmin: true, own: [] });
    await served.close();
  });

  it('control: extended forms make constructor.prototype', async () => {
    const served = await serve(build(false));
    const answer = await send(served.url, {
      method: 'POST',
      headers: FORM_TYPE,
      body: 'constructor[prototype][isAdmin]=1',
    });
    expect(answer.json()).toMatchObject({ body: { constructor: { prototype: { isAdmin: '1' } } } });
    await served.close();
  });

  it('refuses each attack with 400 and lets each near miss pass', async () => {
    const served = await serve(build(true));
    const status = async (headers: Record<string, string>, body: string): Promise<[string, number]> => [
      body,
      (await send(served.url, { method: 'POST', headers, body })).status,
    ];
    for (const body of JSON_ATTACKS) expect(await status(JSON_TYPE, body)).toEqual([body, 400]);
    for (const body of FORM_ATTACKS) expect(await status(FORM_TYPE, body)).toEqual([body, 400]);
    for (const body of JSON_NEAR_MISSES) expect(await status(JSON_TYPE, body)).toEqual([body, 200]);
    for (const body of FORM_NEAR_MISSES) expect(await status(FORM_TYPE, body)).toEqual([body, 200]);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    await served.close();
  });

  it('looks a JSON body through that a parser mounted before it has read', async () => {
    const app = express();
    app.use(express.json());
    app.use(input());
    app.post('/', (_req, res) => {
      res.send('handled');
    });
    const served = await serve(app);
    expect((await send(served.url, { method: 'POST', headers: JSON_TYPE, body: JSON_ATTACKS[0] ?? '' })).status).toBe(
      400,
    );
    expect((await send(served.url, { method: 'POST', headers: JSON_TYPE, body: '{"a":1}' })).body).toBe('handled');
    await served.close();
  });
});
