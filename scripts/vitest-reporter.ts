import type { Reporter, TestModule, Vitest } from 'vitest/node';

/**
 * Closes a test run with one line that people and machines can read: `N passed, N failed`, and `, N skipped` if any.
 *
 * A test file that could not be loaded and an error outside of any test count as failed: neither is seen in a count
 * of tests alone.
 */
export class ClosingLine implements Reporter {
  #line = 'no test was run';

  onInit(_vitest: Vitest): void {
    // At exit, because other reporters and vitest itself still write after the run has ended.
    process.once('exit', () => process.stdout.write(`${this.#line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const unloadable = modules.filter((module) => module.state() === 'failed' && module.errors().length > 0).length;
    const skipped = count('skipped');
    const failed = count('failed') + unloadable + unhandledErrors.length;
    this.#line = `${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  }
}
