import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Received } from '../../../packages/bulwark/test/support/http.ts';
import { isSigned, sign } from '../src/webhook.ts';
import { type Running, start, WEBHOOK_SECRET } from './support/server.ts';

let server: Running;
beforeEach(async () => {
  server = await start();
});
afterEach(() => server.close());

const now = (): string => String(Math.floor(Date.now() / 1000));
const BODY = '{ "id": "evt_1",  "note": { "title": "from outside" } }';

function deliver(body: string, signature: string | undefined, type = 'application/json'): Promise<Received> {
  const headers = { 'content-type': type, ...(signature === undefined ? {} : { 'x-signature': signature }) };
  return server.ask('/hooks/notes', { method: 'POST', headers, body });
}

const signed = (body: string, time = now(), secret = WEBHOOK_SECRET): string =>
  `t=${time},v1=${sign(time, body, secret)}`;

describe('the webhook', () => {
  it('takes what was signed over the very bytes, once', async () => {
    const first = await deliver(BODY, signed(BODY));
    expect([first.status, first.json()]).toEqual([201, { added: true }]);
    const again = await deliver(BODY, signed(BODY));
    expect([again.status, again.json()]).toEqual([200, { added: false }]);
    expect(server.notes.list()).toMatchObject([{ title: 'from outside', text: '', format: 'text' }]);
  });

  it.each([
    ['no signature', () => undefined],
    ['an empty one', () => ''],
    ['one of another secret', () => signed(BODY, now(), 'x'.repeat(64))],
    ['one over the same JSON, written otherwise', () => signed(JSON.stringify(JSON.parse(BODY)))],
    ['one of ten minutes ago', () => signed(BODY, String(Math.floor(Date.now() / 1000) - 600))],
    ['one of in ten minutes', () => signed(BODY, String(Math.floor(Date.now() / 1000) + 600))],
    ['a time that is not the signed one', () => signed(BODY).replace(/^t=\d+/, `t=${Number(now()) + 1}`)],
    ['one that is cut', () => signed(BODY).slice(0, -2)],
    ['one with more behind it', () => `${signed(BODY)},v1=${'0'.repeat(64)}`],
  ])('refuses %s', async (_, signature) => {
    const refused = await deliver(BODY, signature());
    expect(refused.json()).toMatchObject({ status: 401, code: 'ERR_AUTHENTICATION_REQUIRED' });
    expect(server.notes.list()).toEqual([]);
  });

  it('control: a body that was parsed and written again does not fit its signature', () => {
    const time = now();
    const header = `t=${time},v1=${sign(time, BODY, WEBHOOK_SECRET)}`;
    expect(isSigned(header, Buffer.from(BODY), WEBHOOK_SECRET, Date.now())).toBe(true);
    expect(isSigned(header, Buffer.from(JSON.stringify(JSON.parse(BODY))), WEBHOOK_SECRET, Date.now())).toBe(false);
  });

  it.each(['{', '[]', '{"id":"x"}', '{"id":"x","note":{"title":""}}', '{"id":"x","note":{"title":"y","id":1}}'])(
    'refuses what is signed and is no delivery: %s',
    async (body) => {
      expect((await deliver(body, signed(body))).json()).toMatchObject({ status: 400, code: 'ERR_VALIDATION' });
      expect(server.notes.list()).toEqual([]);
    },
  );

  it('takes JSON only, and not too much of it', async () => {
    expect((await deliver(BODY, signed(BODY), 'text/plain')).status).toBe(415);
    const large = JSON.stringify({ id: 'x', note: { title: 'y', text: 'z'.repeat(70_000) } });
    expect((await deliver(large, signed(large))).status).toBe(413);
  });
});
