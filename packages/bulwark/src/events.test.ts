import { afterEach, describe, expect, it, vi } from 'vitest';
import { ERROR_CODES } from './errors.ts';
import { type EventInput, eventOfCode, type SecurityEvent, SecurityEvents } from './events.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const csrf: EventInput = { event: 'malicious_csrf', level: 'WARN', description: 'x', practice: 'csrf' };
const cors: EventInput = { ...csrf, event: 'malicious_cors' };

describe('SecurityEvents', () => {
  it('tells those of the name first, then those of all, in the order in which they came', () => {
    const events = new SecurityEvents();
    const told: string[] = [];
    events.on('*', () => told.push('all 1'));
    events.on('malicious_csrf', () => told.push('csrf 1'));
    events.on('*', () => told.push('all 2'));
    events.emit(csrf);
    events.on('malicious_csrf', () => told.push('csrf 2'));
    events.emit(csrf);
    events.emit(cors);
    expect(told.join(', ')).toBe('csrf 1, all 1, all 2, csrf 1, csrf 2, all 1, all 2, all 1, all 2');
  });

  it('hears a listener once however often it was added, and no more once it was taken away', () => {
    const events = new SecurityEvents();
    const listener = vi.fn<() => void>();
    const end = events.on('*', listener);
    events.on('*', listener);
    events.emit(csrf);
    expect(listener).toHaveBeenCalledTimes(1);
    end();
    end();
    events.emit(csrf);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('settles who is told when the event is emitted', () => {
    const events = new SecurityEvents();
    const told: string[] = [];
    const ends: (() => void)[] = [];
    events.on('*', () => {
      told.push('first');
      ends[0]?.();
      events.on('*', () => told.push('added'));
    });
    ends.push(events.on('*', () => told.push('removed')));
    events.emit(csrf);
    expect(told).toEqual(['first', 'removed']);
    events.emit(csrf);
    expect(told.slice(2)).toEqual(['first', 'added']);
  });

  it('goes on after a listener that throws or rejects, and changes nothing of what it was given', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const events = new SecurityEvents();
    const heard = vi.fn<(event: SecurityEvent) => void>();
    events.on('*', () => {
      throw new Error('token=hunter2');
    });
    events.on('*', () => Promise.reject(new Error('later')));
    events.on('*', heard);
    const input = Object.freeze({ ...csrf });
    events.emit(input);
    await Promise.resolve();
    expect(heard).toHaveBeenCalledWith({
      ...csrf,
      datetime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
    });
    expect(warn).toHaveBeenCalledTimes(2);
    expect(JSON.stringify(warn.mock.calls)).not.toContain('hunter2');
  });
});

it('eventOfCode() knows a code by its beginning, of the table or not', () => {
  expect(eventOfCode('ERR_CSRF_ORIGIN')).toEqual({ event: 'malicious_csrf', practice: 'csrf' });
  expect(eventOfCode('ERR_CSRF_OF_THE_FUTURE')).toEqual({ event: 'malicious_csrf', practice: 'csrf' });
  expect(eventOfCode('ERR_NOT_FOUND')).toBeUndefined();
  expect(eventOfCode('constructor')).toBeUndefined();
  expect(Object.keys(ERROR_CODES).filter((code) => eventOfCode(code) !== undefined).length).toBeGreaterThan(30);
});
