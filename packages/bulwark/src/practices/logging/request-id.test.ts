import { describe, expect, it } from 'vitest';
import { UUID } from './fixtures/memory-log.ts';
import { newRequestId } from './request-id.ts';

describe('newRequestId', () => {
  const ids = Array.from({ length: 20_000 }, newRequestId);

  it('makes UUIDs of version 4, none of them twice', () => {
    for (const id of ids) {
      expect(id).toMatch(UUID);
      expect(id[14]).toBe('4');
      expect('89ab').toContain(id[19]);
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('leaves no digit to be guessed from other ids, but those of the version', () => {
    for (const place of Array(36).keys()) {
      const seen = new Map<string, number>();
      for (const id of ids) seen.set(id[place] ?? '', (seen.get(id[place] ?? '') ?? 0) + 1);
      const kinds = [8, 13, 14, 18, 23].includes(place) ? 1 : place === 19 ? 4 : 16;
      expect(seen.size).toBe(kinds);
      // Ten standard deviations: a digit that is drawn evenly stays within.
      for (const count of seen.values())
        expect(Math.abs(count - ids.length / kinds)).toBeLessThan(10 * Math.sqrt(ids.length / kinds));
    }
  });

  it('repeats nothing of one id in the next', () => {
    const shared = ids.slice(1).map((id, i) => Array.from(id).filter((digit, at) => digit === ids[i]?.[at]).length - 5);
    // Of 30 digits and the variant's two bits about two agree by chance.
    expect(shared.reduce((sum, count) => sum + count, 0) / shared.length).toBeLessThan(3);
  });
});
