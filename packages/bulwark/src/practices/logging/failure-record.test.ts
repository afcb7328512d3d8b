import { describe, expect, it } from 'vitest';
import { describeFailure, isConnectionLoss } from './failure-record.ts';

describe('describeFailure', () => {
  it('takes nothing but what it knows', () => {
    const error = Object.assign(new Error('x'), {
      body: 'hunter2',
      raw: 'hunter2',
      config: { headers: 'hunter2' },
      sql: 'hunter2',
      detail: 'hunter2',
      code: '23505',
    });
    expect(Object.keys(describeFailure(error)).sort()).toEqual(['code', 'message', 'stack', 'type']);
  });

  it('goes three causes deep, also round in circles', () => {
    const error = new Error('0');
    error.cause = new Error('1', { cause: error });
    const text = JSON.stringify(describeFailure(error));
    expect(text.match(/"type":"Error"/g)).toHaveLength(4);
  });

  it('names three errors of an AggregateError', () => {
    const record = describeFailure(
      new AggregateError(
        ['a', 'b', 'c', 'd'].map((text) => new Error(text)),
        'all',
      ),
    );
    expect(record.errors?.map(({ message }) => message)).toEqual(['a', 'b', 'c']);
  });

  it('takes the frames of a stack and not its head, which may look like frames', () => {
    const { stack, message } = describeFailure(new Error('first\n    at forged (/forged.js:1:1)\nthird'));
    expect(stack).toMatch(/^at .*failure-record\.test\.ts/);
    expect(stack).not.toContain('forged');
    expect(message).toBe('first\\u000a    at forged (/forged.js:1:1)\\u000athird');
  });

  it.each([
    [undefined, { type: 'undefined' }],
    [null, { type: 'null' }],
    ['token=hunter2', { type: 'string', message: 'token=[redacted]' }],
    [7, { type: 'number' }],
    [{}, { type: 'Object' }],
    [{ name: '', message: 7, code: Number.NaN }, { type: 'Error' }],
    [Object.create(null), { type: 'object' }],
    [
      { name: 'a\nb', code: 'c\nd' },
      { type: 'a\\u000ab', code: 'c\\u000ad' },
    ],
  ])('%j becomes %j', (thrown, record) => {
    expect(describeFailure(thrown)).toEqual(record);
  });

  it('survives a list of errors that throws', () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    const error = Object.assign(new AggregateError([], 'x'), { errors: proxy });
    expect(describeFailure(error)).toEqual({ type: 'unreadable' });
  });
});

describe('isConnectionLoss', () => {
  it.each([
    [{ code: 'ECONNRESET' }, true],
    [{ code: 'ERR_STREAM_PREMATURE_CLOSE' }, true],
    [{ type: 'request.aborted' }, true],
    [{ code: 'ECONNREFUSED' }, false],
    [new Error('x'), false],
    [undefined, false],
  ])('%j: %s', (error, lost) => {
    expect(isConnectionLoss(error)).toBe(lost);
  });
});
