import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './scripts/vitest-reporter.ts';

const source = fileURLToPath(new URL('./packages/bulwark/src/', import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^bulwark$/, replacement: `${source}index.ts` },
      { find: /^bulwark\/checks$/, replacement: `${source}checks.ts` },
      { find: /^bulwark\/stores$/, replacement: `${source}stores/index.ts` },
      { find: /^bulwark\/(.+)$/, replacement: `${source}practices/$1/index.ts` },
    ],
  },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'bench/{growth,scale}/*.test.ts',
    ],
    reporters: ['default', new ClosingLine()],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
