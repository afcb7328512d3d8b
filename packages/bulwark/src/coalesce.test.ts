import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coalesce } from './coalesce.ts';
import type { EventInput } from './events.ts';

const drop = (description: string): EventInput => ({
  event: 'excess_connections',
  level: 'WARN',
  practice: 'limits',
  description,
});

describe('coalesce', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function listen(): { told: [string, unknown][]; drops: ReturnType<typeof coalesce> } {
    const told: [string, unknown][] = [];
    return { told, drops: coalesce((event) => void told.push([event.description, event.details?.count])) };
  }

  it('tells of the first at once, and of the others once a second, and loses none', () => {
    const { told, drops } = listen();
    for (let i = 0; i < 1000; i++) drops.add(drop('a'));
    expect(told).toEqual([['a', 1]]);
    vi.advanceTimersByTime(999);
    expect(told).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([
      ['a', 1],
      ['a', 999],
    ]);
    for (let i = 0; i < 3000; i++) {
      drops.add(drop('a'));
      vi.advanceTimersByTime(1);
    }
    drops.flush();
    expect(told.length).toBeLessThanOrEqual(6);
    expect(told.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(4000);
  });

  it('keeps kinds apart, and forgets a kind that has ended', () => {
    const { told, drops } = listen();
    drops.add(drop('a'));
    drops.add(drop('b'));
    drops.add({ ...drop('a'), monitored: true });
    expect(told).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(3);
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
    expect(told).toHaveLength(3);
    drops.add(drop('a'));
    expect(told).toHaveLength(4);
  });

  it('keeps what the last event said', () => {
    const events: EventInput[] = [];
    const drops = coalesce((event) => void events.push(event));
    for (const sourceIp of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      drops.add({ ...drop('a'), sourceIp, details: { limit: 5 } });
    }
    drops.flush();
    expect(events.map(({ sourceIp, details }) => [sourceIp, details])).toEqual([
      ['192.0.2.1', { limit: 5, count: 1 }],
      ['192.0.2.3', { limit: 5, count: 2 }],
    ]);
  });
});
