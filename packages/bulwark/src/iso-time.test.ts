import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isoNow } from './iso-time.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('isoNow() is what a Date says, whichever way the clock goes', () => {
  for (const step of [0, 0, 1, 999, 1, 60_000, -5, -86_400_000, 1]) {
    vi.setSystemTime(Date.now() + step);
    expect(isoNow()).toBe(new Date().toISOString());
  }
});
