import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gate } from 'bulwark';
import { type Received, type Sent, send } from '../../../../packages/bulwark/test/support/http.ts';
import { createApp } from '../../src/app.ts';
import { readEnvironment } from '../../src/environment.ts';
import type { Notes } from '../../src/notes.ts';
import { openStores } from '../../src/stores.ts';

const parent = mkdtempSync(join(tmpdir(), 'bulwark-reference-'));
process.once('exit', () => rmSync(parent, { recursive: true, force: true }));

/** A folder that is gone when the test process ends. */
export function temporaryFolder(): string {
  return mkdtempSync(join(parent, 'folder-'));
}

/** Where the tests keep their local CA: the user's own is left alone. */
export const XDG_DATA_HOME: string = temporaryFolder();

/** What the tests sign deliveries with. */
export const WEBHOOK_SECRET: string = randomBytes(32).toString('hex');

/** What the owner signs in with. */
export const PASSWORD: string = randomBytes(24).toString('base64url');

/** A picture of one pixel. */
export const PNG: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

/** The reference server in this process, over TLS on a free port. */
export interface Running {
  readonly url: string;
  readonly gate: Gate;
  readonly notes: Notes;
  readonly dataDir: string;
  /** The CA that signed its certificate, PEM. */
  readonly ca: string;
  ask(path: string, sent?: Sent): Promise<Received>;
  /** What a page's form sends; with a picture, or on /notes, as multipart. */
  submit(path: string, fields: Record<string, string>, image?: Upload): Promise<Received>;
  /** What a program sends to the API. */
  call(method: string, path: string, body?: unknown): Promise<Received>;
  close(): Promise<void>;
}

/** A file that a form sends along. */
export interface Upload {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

/** Starts it, as `src/main.ts` does. */
export async function start(dataDir: string = join(temporaryFolder(), 'data')): Promise<Running> {
  process.env.XDG_DATA_HOME = XDG_DATA_HOME;
  const environment = readEnvironment({
    PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'off',
    WEBHOOK_SECRET,
    OWNER_PASSWORD: PASSWORD,
  });
  const stores = await openStores(environment);
  const { notes } = stores;
  const { gate } = createApp(environment, stores);
  const { url } = await gate.listen({ port: 0, host: '127.0.0.1' });
  const ca = readFileSync(join(XDG_DATA_HOME, 'bulwark', 'ca.crt'), 'utf8');
  const ask = (path: string, sent: Sent = {}): Promise<Received> => send(url, { ca, target: path, ...sent });
  return {
    url,
    gate,
    notes,
    dataDir,
    ca,
    ask,
    async submit(path, fields, image) {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      if (image !== undefined) form.append('image', new Blob([image.content], { type: image.type }), image.name);
      const sent = new Request(url, { method: 'POST', body: path === '/notes' ? form : new URLSearchParams(fields) });
      return ask(path, {
        method: 'POST',
        // Under Referrer-Policy: no-referrer a browser does not say where the form stands.
        headers: {
          origin: 'null',
          'sec-fetch-site': 'same-origin',
          'sec-fetch-mode': 'navigate',
          'content-type': sent.headers.get('content-type') ?? '',
        },
        body: Buffer.from(await sent.arrayBuffer()),
      });
    },
    call: (method, path, body) =>
      ask(path, {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
    async close() {
      await gate.close();
      try {
        await stores.close();
      } catch {
        // The test has closed it.
      }
    },
  };
}
