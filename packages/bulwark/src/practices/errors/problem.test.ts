import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import { ERROR_CODES, Refusal, type RefusalCode } from '../../errors.ts';
import { describeError, type ErrorDescription } from './describe-error.ts';
import { errors } from './index.ts';
import { problemText, toProblem } from './problem.ts';

const codes = Object.entries(ERROR_CODES).flatMap(([code, row]) => ('status' in row ? [code as RefusalCode] : []));

/** What the text must be, made the long way. */
const spelled = (description: ErrorDescription, requestId?: string): string =>
  JSON.stringify(toProblem(description, requestId, undefined));

describe('the text of a problem document is that of the document', () => {
  it.each(codes)('%s', (code) => {
    const description = describeError(new Refusal(code, { reason: 'a "reason"', extensions: { fields: ['a'] } }));
    expect(problemText(description, 'id-of-request', undefined)).toBe(spelled(description, 'id-of-request'));
    expect(problemText(description, undefined, undefined)).toBe(spelled(description));
  });

  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '\u2028', '\ud800', '</'),
  );
  const name = fc.oneof(
    text,
    fc.constantFrom(
      'type',
      'title',
      'detail',
      'debug',
      'requestId',
      '0',
      '7',
      '01',
      'toJSON',
      '__proto__',
      'constructor',
    ),
  );
  const member = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, Number.NaN, () => 1, new Date(0), Symbol('s'), { toJSON: () => 'other' }),
  );
  const extensions = fc
    .array(fc.tuple(name, member), { maxLength: 5 })
    .map((members) => Object.fromEntries(members) as Record<string, unknown>);

  it('whatever reason, id and extensions a refusal has', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...codes),
        text,
        fc.option(text, { nil: undefined }),
        extensions,
        (code, reason, id, own) => {
          const description = describeError(new Refusal(code, { reason, extensions: own }));
          expect(problemText(description, id, undefined)).toBe(spelled(description, id));
        },
      ),
    );
  });

  it('whatever a refusal made in JavaScript has for a reason', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.constantFrom(undefined, Number.NaN, () => 1),
        ),
        (reason) => {
          const description = describeError(Object.assign(new Refusal('ERR_NOT_FOUND', { reason: '' }), { reason }));
          expect(problemText(description, 'id', undefined)).toBe(spelled(description, 'id'));
        },
      ),
    );
  });

  it("of the app's own errors", () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), text, (status, message) => {
        const description = describeError(Object.assign(new Error(message), { status, expose: true }));
        expect(problemText(description, 'id', undefined)).toBe(spelled(description, 'id'));
      }),
    );
  });

  it('an extension that cannot be written costs no other member', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const own of [cycle, { big: 1n }]) {
      const description = describeError(new Refusal('ERR_NOT_FOUND', { reason: 'r', extensions: own }));
      expect(JSON.parse(problemText(description, 'id', undefined))).toEqual(
        toProblem({ ...description, extensions: {} }, 'id', undefined),
      );
    }
  });
});

describe.each(EXPRESS)('on Express %s', (_, express) => {
  it('each Accept gets its own type, however often and after whichever other it comes', async () => {
    const app = express();
    app.use((_req, _res, next) => next(new Refusal('ERR_NOT_FOUND', { reason: 'ünder' })));
    app.use(errors());
    const served = await serve(app);
    const html = ['text/html', 'text/html,application/xhtml+xml,*/*;q=0.8', `text/html${' '.repeat(300)}`];
    const json = ['*/*', 'application/json', 'text/html;q=0.5,application/json', 'text/html;q=0', 'text/htmlx'];
    for (let round = 0; round < 3; round++) {
      for (const accept of [...html, ...json]) {
        const { headers, body } = await send(served.url, { headers: { Accept: accept } });
        const isHtml = html.includes(accept);
        expect([accept, headers['content-type']]).toEqual([
          accept,
          isHtml ? 'text/html; charset=utf-8' : 'application/problem+json; charset=utf-8',
        ]);
        expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
        expect(body.startsWith(isHtml ? '<!doctype html>' : '{')).toBe(true);
      }
    }
    await served.close();
  });
});
