import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** A note as it is kept and sent. */
export interface Note {
  readonly id: number;
  readonly title: string;
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** What a client may send: nothing else is taken. */
export const newNote = z.strictObject({
  title: z.string().trim().min(1, 'write a title').max(120, 'at most 120 characters'),
  text: z.string().trim().max(10_000, 'at most 10,000 characters').default(''),
});

/** A note that was checked. */
export type NewNote = z.infer<typeof newNote>;

/** The notes of this server, in SQLite. */
export class Notes {
  readonly #db: DatabaseSync;

  /** @param dataDir - folder of the database, made if it is absent; what is made is readable by its owner only */
  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const file = join(dataDir, 'notes.sqlite');
    // The folder may have been there before, for others to read; SQLite gives its further files the mode of this one.
    closeSync(openSync(file, 'a', 0o600));
    this.#db = new DatabaseSync(file);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE IF NOT EXISTS notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        createdAt TEXT NOT NULL
      ) STRICT;
    `);
  }

  /** The newest notes first. */
  list(limit = 100): Note[] {
    return this.#db
      .prepare('SELECT id, title, text, createdAt FROM notes ORDER BY id DESC LIMIT ?')
      .all(limit)
      .map(toNote);
  }

  get(id: number): Note | undefined {
    const row = this.#db.prepare('SELECT id, title, text, createdAt FROM notes WHERE id = ?').get(id);
    return row === undefined ? undefined : toNote(row);
  }

  add({ title, text }: NewNote): Note {
    const row = this.#db
      .prepare('INSERT INTO notes (title, text, createdAt) VALUES (?, ?, ?) RETURNING id, title, text, createdAt')
      .get(title, text, new Date().toISOString());
    return toNote(row ?? {});
  }

  /** True if there was such a note. */
  remove(id: number): boolean {
    return this.#db.prepare('DELETE FROM notes WHERE id = ?').run(id).changes > 0;
  }

  /** Throws if the database does not answer. */
  ping(): void {
    this.#db.prepare('SELECT 1').get();
  }

  close(): void {
    this.#db.close();
  }
}

function toNote(row: Record<string, unknown>): Note {
  return { id: Number(row.id), title: String(row.title), text: String(row.text), createdAt: String(row.createdAt) };
}
