import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { localCertificate } from '../../../../packages/bulwark/src/practices/https/local-ca.ts';
import { freePorts } from './child.ts';
import { temporaryFolder } from './server.ts';

/** How a server is: bytes, and how long its event loop was kept, since the last report. */
export interface Report {
  readonly rss: number;
  readonly heapUsed: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A reference server in a process of its own. */
export interface MeasuredChild {
  readonly url: string;
  readonly port: number;
  /** Its CA's certificate, PEM. */
  readonly ca: string;
  readonly dataDir: string;
  /** Everything that it has written to stdout and stderr. */
  written(): string;
  /** How it is, since the last time that it was asked. */
  report(): Promise<Report>;
  /** True until it has ended. */
  alive(): boolean;
  close(): Promise<void>;
}

/** Starts it as in production: in development it would show this machine what failed. */
export async function startMeasured(env: Readonly<Record<string, string>> = {}): Promise<MeasuredChild> {
  const dataDir = temporaryFolder();
  const [port = 0] = await freePorts(1);
  const { files, ca } = await localCertificate({ names: [], directory: temporaryFolder() });
  const production = { NODE_ENV: 'production', PORT: `${port}`, TLS_CERT: files.cert, TLS_KEY: files.key };
  const own = Object.entries(process.env).filter(([name]) => /^(?:PATH|HOME|SystemRoot|TEMP|TMP)$/i.test(name));
  const child: ChildProcess = fork(fileURLToPath(new URL('measured-server.ts', import.meta.url)), {
    execArgv: ['--expose-gc', '--max-old-space-size=512'],
    env: { ...Object.fromEntries(own), ...production, DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
  }
  const next = async <T>(): Promise<T> => {
    const done = new AbortController();
    const { signal } = done;
    const ended = once(child, 'exit', { signal }).then(() => {
      throw new Error(`the server has ended:\n${written}`);
    });
    ended.catch(() => undefined);
    try {
      const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [T];
      return message;
    } finally {
      done.abort();
    }
  };
  const { url } = await next<{ url: string }>();
  return {
    url,
    port,
    ca: readFileSync(ca, 'utf8'),
    dataDir,
    written: () => written,
    alive: () => child.exitCode === null && child.signalCode === null,
    async report() {
      const answer = next<Report>();
      child.send('report');
      return answer;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.send('close');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(timer);
    },
  };
}
