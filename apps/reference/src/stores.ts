import type { Environment } from './environment.ts';
import { Images } from './images.ts';
import { type LogFiles, openLogFiles } from './log-files.ts';
import { Notes } from './notes.ts';

/** What this server keeps on disk. */
export interface Stores {
  readonly notes: Notes;
  readonly images: Images;
  /** Undefined where nothing is logged, or where lines go to stdout. */
  readonly logs: LogFiles | undefined;
  close(): Promise<void>;
}

/**
 * Opens it all in the data folder, readable by the owner only.
 *
 * @throws whatever the file system or SQLite says of the folder
 */
export function openStores({ dataDir, logLevel, logTo }: Environment): Stores {
  const notes = new Notes(dataDir);
  const images = new Images(dataDir);
  const logs = logLevel === false || logTo === 'stdout' ? undefined : openLogFiles(dataDir, warnOnce());
  return {
    notes,
    images,
    logs,
    async close() {
      notes.close();
      await logs?.close();
    },
  };
}

function warnOnce(): (error: Error) => void {
  let warned = false;
  return (error) => {
    if (!warned) console.error(`the log cannot be written: ${error.message}`);
    warned = true;
  };
}
