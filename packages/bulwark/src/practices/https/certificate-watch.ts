import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Services } from '../../context.ts';
import { type CertificateFiles, checkPair, type Pair, requireDates, warnAbout } from './certificate.ts';

/** What a {@link watchCertificate} needs. */
export interface WatchOptions {
  readonly files: CertificateFiles;
  /** The pair that is in use now. */
  readonly current: Pair;
  readonly origins: readonly string[];
  readonly services: Services;
  /** Puts a new pair into use; what it throws is a refusal of the pair. */
  swap(pair: Pair): void;
  /** Milliseconds of quiet after a change before the files are read: tools write several files. Default 200. */
  readonly settle?: number;
  /** Milliseconds after which a pair that does not fit is read again, before it is called broken. Default 2000. */
  readonly confirm?: number;
  /** Milliseconds between looks where the file system tells nothing (network mounts). Default 60 000. */
  readonly poll?: number;
}

/** A running watch. */
export interface CertificateWatch {
  /** Looks at the files now. */
  look(): Promise<void>;
  /** Ends it; nothing is swapped afterwards. */
  close(): void;
}

const DAY = 86_400_000;

/**
 * Watches a certificate and its key, and puts each new pair into use. A pair that cannot serve (half written, a key
 * that does not fit, expired) changes nothing: the old one stays, and `sys_certificate_refused` says why once.
 *
 * It watches the directories, because certbot and Kubernetes replace links, not contents; and it looks every minute
 * all the same. It never keeps the process alive.
 *
 * @example const watch = watchCertificate({ files, current, origins, services, swap: (p) => server.setSecureContext(p) })
 */
export function watchCertificate(options: WatchOptions): CertificateWatch {
  const { files, services } = options;
  const settle = options.settle ?? 200;
  const confirm = options.confirm ?? 2000;
  let current = options.current;
  let suspect: string | undefined;
  let refused: string | undefined;
  let warnedAt = Date.now();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  const watchers: FSWatcher[] = [];

  const later = (delay: number): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => void look(), delay).unref();
  };

  /** One look at a time, so that two changes close together end in the order in which they were made. */
  function look(): Promise<void> {
    looking = looking.then(lookOnce);
    return looking;
  }

  async function lookOnce(): Promise<void> {
    if (closed) return;
    const seen = await readBoth(files);
    if (closed) return;
    if (seen.digest === current.digest) {
      suspect = undefined;
      refused = undefined;
      return remind();
    }
    try {
      if (seen.error !== undefined) return reject(seen.error, seen.digest);
      const pair = checkPair(seen.cert, seen.key, files);
      requireDates(pair.leaf, files);
      options.swap(pair);
      adopt(pair);
    } catch (error) {
      reject(error, seen.digest);
    }
  }

  function adopt(pair: Pair): void {
    current = pair;
    suspect = undefined;
    refused = undefined;
    services.emit({
      event: 'sys_certificate_changed',
      level: 'INFO',
      description: 'a new certificate is in use; open connections went on',
      practice: 'https',
      details: { fingerprint: pair.leaf.fingerprint256, until: new Date(pair.leaf.validTo).toISOString() },
    });
    warnedAt = Date.now();
    warnAbout(pair.leaf, options.origins, services);
  }

  /** The first time may be the middle of a write; the same content a second time is what somebody meant. */
  function reject(error: unknown, digest: string): void {
    if (suspect !== digest) {
      suspect = digest;
      return later(confirm);
    }
    if (refused === digest) return;
    refused = digest;
    services.emit({
      event: 'sys_certificate_refused',
      level: 'CRITICAL',
      description: 'the new certificate cannot be used; the old one stays',
      practice: 'https',
      details: { reason: error instanceof Error ? error.message : String(error) },
    });
  }

  function remind(): void {
    if (Date.now() - warnedAt < DAY) return;
    warnedAt = Date.now();
    warnAbout(current.leaf, options.origins, services);
  }

  function watchDirectories(): void {
    for (const watcher of watchers.splice(0)) watcher.close();
    for (const directory of new Set([dirname(files.cert), dirname(files.key)])) {
      try {
        const watcher = watch(directory, { persistent: false }, () => later(settle));
        watcher.on('error', () => watcher.close());
        watchers.push(watcher);
      } catch {
        // The directory is away for the moment, or the system is out of watches: the poll goes on and tries again.
      }
    }
  }

  watchDirectories();
  const poll = setInterval(() => {
    // A directory that was itself replaced leaves a watcher that hears nothing any more.
    watchDirectories();
    void look();
  }, options.poll ?? 60_000).unref();
  return {
    look,
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(poll);
      for (const watcher of watchers.splice(0)) watcher.close();
    },
  };
}

interface Seen {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly digest: string;
  readonly error: unknown;
}

async function readBoth(files: CertificateFiles): Promise<Seen> {
  const none = Buffer.alloc(0);
  try {
    const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
    return {
      cert,
      key,
      digest: createHash('sha256').update(cert).update('\0').update(key).digest('hex'),
      error: undefined,
    };
  } catch (error) {
    return { cert: none, key: none, digest: `unreadable ${(error as NodeJS.ErrnoException).code}`, error };
  }
}
