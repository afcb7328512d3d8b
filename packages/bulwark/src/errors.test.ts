import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Refusal, type RefusalCode, type RefusalDetail } from './errors.ts';

describe('a refusal', () => {
  it('has no stack, and leaves those of other errors alone', () => {
    const before = Error.stackTraceLimit;
    const refusal = new Refusal('ERR_RATE_LIMIT', { reason: 'used up' });
    expect(refusal.stack).not.toMatch(/\n {4}at /);
    expect(Error.stackTraceLimit).toBe(before);
    expect(new Error('other').stack).toMatch(/\n {4}at /);
  });

  it.each([
    ['an unknown code', 'ERR_NO_SUCH_CODE', { reason: 'r' }],
    ['no detail', 'ERR_NOT_FOUND', undefined],
    ['a reason that is no text', 'ERR_NOT_FOUND', { reason: Symbol('r') }],
    [
      'a detail that throws',
      'ERR_NOT_FOUND',
      {
        reason: 'r',
        get cause() {
          throw new Error('no');
        },
      },
    ],
  ])('made with %s throws, and leaves the process its stacks', (_, code, detail) => {
    const before = Error.stackTraceLimit;
    let thrown: unknown;
    try {
      new Refusal(code as RefusalCode, detail as unknown as RefusalDetail);
    } catch (error) {
      thrown = error;
    }
    const after = Error.stackTraceLimit;
    Error.stackTraceLimit = before;
    expect(thrown).toBeInstanceOf(Error);
    expect((thrown as Error).stack).toMatch(/\n {4}at /);
    expect(after).toBe(before);
  });

  it('can be made where the built-ins are frozen', () => {
    const module = new URL('./errors.ts', import.meta.url).href;
    const script = `import { Refusal } from ${JSON.stringify(module)}; Object.freeze(Error);
      console.log(new Refusal('ERR_NOT_FOUND', { reason: 'r' }).code)`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('ERR_NOT_FOUND\n');
  });
});
