import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXPRESS } from '../support/http.ts';
import { CANARIES, sendAll } from './support/canaries.ts';

const PROGRAM = fileURLToPath(new URL('support/canary-app.ts', import.meta.url));

/** Runs an app as a process of its own, sends it every canary, and returns all that it wrote and answered. */
async function collect(version: string, kind: string): Promise<{ log: string; answers: string }> {
  const child = fork(PROGRAM, [version, kind], {
    execArgv: [],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log += String(chunk);
    });
  }
  const closed = once(child, 'close');
  try {
    const [port] = (await Promise.race([once(child, 'message'), closed])) as [number];
    const answers = await sendAll(port);
    child.send('stop');
    await closed;
    return { log, answers };
  } finally {
    child.kill();
  }
}

const seen = (text: string): string[] =>
  CANARIES.filter(({ forms }) => forms.some((form) => text.includes(form))).map(({ channel }) => channel);

/** What these stacks never look at. */
const UNSEEN_BY_ANY = [
  'malformed form',
  'multipart',
  'body over the limit',
  'trailer',
  'bytes that are no request',
  'violation report',
];

describe.each(EXPRESS)('a secret in every channel, on Express %s', (version) => {
  it('1.10.7: planted in each way into the log, from outside and from inside', async () => {
    const channels = CANARIES.map(({ channel }) => channel);
    const wired = await collect(version, 'wired');
    expect(channels.filter((channel) => !seen(wired.log).includes(channel))).toEqual(UNSEEN_BY_ANY);
    expect(seen(wired.log)).toHaveLength(40);
    for (const kind of ['pino', 'winston']) {
      const { log, answers } = await collect(version, kind);
      expect(seen(log)).toEqual([]);
      expect(seen(answers)).toEqual([]);
      // Nothing is in the log because much was written, not because nothing was: each sink has had its say.
      for (const said of SAID) expect(log).toMatch(said);
    }
  }, 60_000);
});

/** In JSON, and as winston's printf shows it. */
const SAID = [
  /sign-in/,
  /["']?password["']?: ?["']\[redacted\]["']/,
  /["']?otp["']?: ?["']\[redacted\]["']/,
  /["']?x-tenant-token["']?: ?["']\[redacted\]["']/i,
  /request failed/,
  /postgres:\/\/\[redacted\]@db/,
  /ERR_BODY_MALFORMED/,
  /ERR_BODY_TOO_LARGE/,
  /malicious_csrf/,
  /csp_violation/,
  /HPE_INVALID_HEADER_TOKEN/,
  /\/reset\/\[redacted\]/,
  /127\.0\.0\.1 - \[redacted\] \[/,
  /GET \/header \[redacted\]|GET \/header - -/,
  /BulwarkWarning: a listener of the event malicious_csrf threw: Error: alert failed: https:\/\/\[redacted\]@chat/,
];
