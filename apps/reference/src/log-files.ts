import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';

/** Where the lines of this server go. */
export interface LogFiles {
  readonly folder: string;
  readonly requests: RotatingFileStream;
  readonly events: RotatingFileStream;
  close(): Promise<void>;
}

/**
 * Opens the two logs: `requests.log`, and `events.log` for security events. Each begins anew at 10 MB or after a day;
 * 14 old ones are kept, compressed. Readable by their owner only.
 *
 * @param onError - hears what a file cannot take (a full disk): the server goes on
 */
export function openLogFiles(dataDir: string, onError: (error: Error) => void): LogFiles {
  const folder = join(dataDir, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const open = (name: string): RotatingFileStream =>
    createStream(nameOf(name), {
      path: folder,
      size: '10M',
      interval: '1d',
      maxFiles: 14,
      compress: 'gzip',
      mode: 0o600,
    }).on('error', onError);
  const [requests, events] = [open('requests'), open('events')];
  const end = (stream: RotatingFileStream): Promise<void> => new Promise((resolve) => stream.end(() => resolve()));
  return { folder, requests, events, close: async () => void (await Promise.all([end(requests), end(events)])) };
}

/** `requests.log`; an old one is `requests-2026-11-25-1.log.gz`. */
function nameOf(name: string): (time: Date | number | null, index?: number) => string {
  return (time, index) =>
    time === null ? `${name}.log` : `${name}-${new Date(time).toISOString().slice(0, 10)}-${index ?? 1}.log.gz`;
}
