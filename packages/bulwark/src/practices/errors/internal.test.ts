import createError from 'http-errors';
import { describe, expect, it, vi } from 'vitest';
import { type Sent, send } from '../../../test/support/http.ts';
import { ALONE, type Services } from '../../context.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import { failing, HTML, QUIET } from './fixtures/serving.ts';
import { describeError, type ErrorsOptions, errors, statusTitle } from './index.ts';

describe('a stack', () => {
  const development: Services = { ...ALONE, mode: 'development' };
  const error = new Error('in debug, token=hunter2');

  it('is shown in development to a direct client on this machine', async () => {
    const url = await failing(error, QUIET, development);
    const { debug } = (await send(url)).json<{ debug: Record<string, string> }>();
    expect(debug).toMatchObject({ type: 'Error', message: 'in debug, token=[redacted]' });
    expect(debug.stack).toMatch(/^at .*internal\.test\.ts/);
    expect((await send(url, { headers: HTML })).body).toContain('in debug');
  });

  const never: readonly [string, Services, ErrorsOptions, Sent][] = [
    ['in production', ALONE, QUIET, {}],
    ['in test', { ...ALONE, mode: 'test' }, QUIET, {}],
    ['where debug is off', development, { ...QUIET, debug: false }, {}],
    ['through a proxy', development, QUIET, { headers: { 'X-Forwarded-For': '127.0.0.1' } }],
    ['through a proxy (Forwarded)', development, QUIET, { headers: { Forwarded: 'for=127.0.0.1' } }],
    ['through a proxy (Via)', development, QUIET, { headers: { Via: '1.1 tunnel' } }],
    ['to a page with a rebound name', development, QUIET, { headers: { Host: 'evil.example' } }],
  ];
  it.each(never)('is not shown %s', async (_, services, options, sent) => {
    for (const NODE_ENV of ['development', 'staging', undefined]) {
      vi.stubEnv('NODE_ENV', NODE_ENV);
      const { body } = await send(await failing(error, options, services), sent);
      vi.unstubAllEnvs();
      expect(body).not.toMatch(/debug|at .*:\d+/);
    }
  });

  it('is not shown for what is not internal', async () => {
    const url = await failing(createError(404, 'No such note'), QUIET, development);
    expect((await send(url)).json()).not.toHaveProperty('debug');
  });
});

describe('what hears of internal errors', () => {
  it('gets an event without the message', async () => {
    const events: EventInput[] = [];
    const url = await failing(Object.assign(new TypeError('secret'), { code: 'E_X' }), QUIET, {
      emit: (event) => events.push(event),
      mode: 'production',
    });
    await send(`${url}/a?token=secret`);
    expect(events).toEqual([
      expect.objectContaining({
        event: 'sys_error',
        level: 'CRITICAL',
        code: 'ERR_INTERNAL',
        practice: 'errors',
        method: 'GET',
        path: '/a',
        details: { type: 'TypeError', code: 'E_X' },
      }),
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('tracker');
      },
    ],
    ['rejects', () => Promise.reject(new Error('tracker'))],
  ])('may be a tracker that %s', async (_, onError) => {
    const onErrorSpy = vi.fn<() => unknown>(onError);
    const url = await failing(new Error('x'), { onError: onErrorSpy });
    expect((await send(url)).status).toBe(500);
    expect(onErrorSpy).toHaveBeenCalledOnce();
  });

  it('is stderr, as one redacted JSON line, where nothing else would log it', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await send(await failing(new Error('password=hunter2\nforged'), {}));
    const lines = write.mock.calls.map(([line]) => String(line));
    write.mockRestore();
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      error: { message: 'password=[redacted]\\u000aforged' },
    });
  });

  it('is nobody for refusals and 4xx', async () => {
    const emit = vi.fn<Services['emit']>();
    const onError = vi.fn<() => unknown>();
    for (const error of [
      new Refusal('ERR_NOT_FOUND', { reason: 'x' }),
      createError(409),
      createError(400, { type: 'entity.parse.failed' }),
    ]) {
      await send(await failing(error, { onError }, { emit, mode: 'production' }));
    }
    expect(emit).not.toHaveBeenCalled();
    expect(onError).not.toHaveBeenCalled();
  });
});

describe('options', () => {
  it('take a page of one’s own', async () => {
    const page: ErrorsOptions['page'] = (problem, { nonce }) => `<p>${problem.status} ${nonce.length}</p>`;
    expect((await send(await failing(createError(404), { ...QUIET, page }), { headers: HTML })).body).toBe(
      '<p>404 22</p>',
    );
  });

  it('fall back to problem+json where that page fails', async () => {
    const page = (): string => {
      throw new Error('template');
    };
    const answer = await send(await failing(createError(404), { ...QUIET, page }), { headers: HTML });
    expect(answer.json()).toMatchObject({ status: 404 });
  });

  it('can do without pages', async () => {
    const answer = await send(await failing(createError(404), { ...QUIET, page: false }), { headers: HTML });
    expect(answer.headers['content-type']).toContain('json');
  });

  it.each([{ expose: true }, { page: 'x' }, { debug: 'yes' }, { onError: 1 }])('%j is refused', (options) => {
    expect(() => errors(options as never)).toThrow(ConfigError);
  });
});

describe('statusTitle', () => {
  it('is the phrase of the status', () => {
    expect([statusTitle(404), statusTitle(499), statusTitle(599)]).toEqual([
      'Not Found',
      'The request was refused',
      'Something went wrong',
    ]);
  });
});

describe('describeError', () => {
  it('cleans and bounds a public message', () => {
    const { detail } = describeError(createError(409, `a\n\u202eb${'x'.repeat(500)}`));
    expect(detail).toMatch(/^a\\u000a\\u202ebx+…$/);
    expect(detail?.length).toBeLessThan(330);
  });

  it('hides a message that says no more than the title', () => {
    expect(describeError(createError(404)).detail).toBeUndefined();
  });
});
