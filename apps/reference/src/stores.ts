import type { Environment } from './environment.ts';
import { Images } from './images.ts';
import { type LogFiles, openLogFiles } from './log-files.ts';
import { Notes } from './notes.ts';
import { type Owner, openOwner } from './owner.ts';

/** What this server keeps on disk. */
export interface Stores {
  readonly notes: Notes;
  readonly images: Images;
  readonly owner: Owner;
  /** Undefined where nothing is logged, or where lines go to stdout. */
  readonly logs: LogFiles | undefined;
  close(): Promise<void>;
}

/**
 * Opens it all in the data folder, readable by the owner only.
 *
 * @throws whatever the file system or SQLite says of the folder
 */
export async function openStores(environment: Environment): Promise<Stores> {
  const { dataDir, logLevel, logTo } = environment;
  const notes = new Notes(dataDir);
  const images = new Images(dataDir);
  const owner = await openOwner(environment);
  const logs = logLevel === false || logTo === 'stdout' ? undefined : openLogFiles(dataDir, warnOnce());
  return {
    notes,
    images,
    owner,
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
