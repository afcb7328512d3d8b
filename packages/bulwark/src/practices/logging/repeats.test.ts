import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countRepeats, type LineKind, type Repeats } from './repeats.ts';

const kind = (code: string): LineKind => ({ level: 'warn', message: 'request refused', record: { code } });

describe('countRepeats', () => {
  const written: Record<string, unknown>[] = [];
  let repeats: Repeats;
  beforeEach(() => {
    vi.useFakeTimers();
    written.length = 0;
    repeats = countRepeats({ lines: 3, window: 60_000 }, ({ record }, counted) =>
      written.push({ ...record, ...counted }),
    );
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const times = (count: number, ip: string, code: string): number =>
    Array.from({ length: count }, () => repeats.admit(ip, code, kind(code))).filter(Boolean).length;

  it('admits a number of lines, then counts, and says how many when the window ends', () => {
    expect(times(10, '192.0.2.1', 'ERR_A')).toBe(3);
    vi.advanceTimersByTime(59_000);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(written).toEqual([{ code: 'ERR_A', network: '192.0.2.1', count: 7 }]);
    expect(times(10, '192.0.2.1', 'ERR_A')).toBe(3);
  });

  it('keeps clients and kinds apart; an IPv6 network of 56 bits is one client', () => {
    times(10, '192.0.2.1', 'ERR_A');
    expect(times(3, '192.0.2.2', 'ERR_A')).toBe(3);
    expect(times(3, '192.0.2.1', 'ERR_B')).toBe(3);
    expect(times(2, '2001:db8:1:2::3', 'ERR_A') + times(2, '2001:db8:1:3::4', 'ERR_A')).toBe(3);
    expect(times(2, '2001:db8:2::', 'ERR_A')).toBe(2);
  });

  it('writes nothing where nothing was counted, and keeps nothing', () => {
    times(3, '192.0.2.1', 'ERR_A');
    vi.advanceTimersByTime(120_000);
    repeats.flush();
    expect(written).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is bounded: of more clients than it keeps, the kinds are still seen', () => {
    for (let i = 0; i < 1000; i++) times(1, `10.0.${i >> 8}.${i & 255}`, 'ERR_A');
    expect(times(10, '192.0.2.1', 'ERR_A')).toBe(3);
    expect(times(10, '192.0.2.2', 'ERR_A')).toBe(0);
    expect(times(10, '192.0.2.2', 'ERR_B')).toBe(3);
    // Who is known keeps his own account.
    expect(times(10, '10.0.0.1', 'ERR_A')).toBe(2);
    repeats.flush();
    expect(written.map(({ network, code, count }) => [network, code, count])).toEqual([
      ['10.0.0.1', 'ERR_A', 8],
      ['others', 'ERR_A', 17],
      ['others', 'ERR_B', 7],
    ]);
  });

  it('counts without lines what has none', () => {
    for (let i = 0; i < 5; i++) repeats.count('handshake', kind('ERR_SSL'));
    vi.advanceTimersByTime(60_000);
    expect(written).toEqual([{ code: 'ERR_SSL', count: 5 }]);
  });

  it('does not keep the process alive', () => {
    vi.useRealTimers();
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    times(10, '192.0.2.1', 'ERR_A');
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(timers);
  });
});
