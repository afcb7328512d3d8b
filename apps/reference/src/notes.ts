import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { NewNote, Note } from './note.ts';

/** Each step is carried out once, in this order; `user_version` counts those that were. */
const MIGRATIONS = [
  `CREATE TABLE IF NOT EXISTS notes (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     title TEXT NOT NULL,
     text TEXT NOT NULL,
     createdAt TEXT NOT NULL
   ) STRICT`,
  `ALTER TABLE notes ADD COLUMN format TEXT NOT NULL DEFAULT 'text';
   ALTER TABLE notes ADD COLUMN image TEXT;
   ALTER TABLE notes ADD COLUMN words TEXT NOT NULL DEFAULT '';
   UPDATE notes SET words = title || ' ' || text;
   CREATE TABLE deliveries (id TEXT PRIMARY KEY, receivedAt TEXT NOT NULL) STRICT`,
];

const COLUMNS = 'id, title, text, format, image, createdAt';

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
    this.#db.exec('PRAGMA journal_mode = WAL');
    this.#migrate();
  }

  /** The newest notes first; `q` is looked for in title and text, as it is written. */
  list({ q = '', limit = 100 }: { readonly q?: string; readonly limit?: number } = {}): Note[] {
    const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
    return this.#db
      .prepare(`SELECT ${COLUMNS} FROM notes WHERE words LIKE ? ESCAPE '\\' ORDER BY id DESC LIMIT ?`)
      .all(pattern, limit)
      .map(toNote);
  }

  get(id: number): Note | undefined {
    const row = this.#db.prepare(`SELECT ${COLUMNS} FROM notes WHERE id = ?`).get(id);
    return row === undefined ? undefined : toNote(row);
  }

  /** @param image - the file name of its picture */
  add({ title, text, format }: NewNote, image?: string): Note {
    const words = `${title} ${format === 'html' ? wordsOf(text) : text}`;
    const row = this.#db
      .prepare(
        `INSERT INTO notes (title, text, format, image, words, createdAt) VALUES (?, ?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
      )
      .get(title, text, format, image ?? null, words, new Date().toISOString());
    return toNote(row ?? {});
  }

  /** The note that was there, or undefined. */
  remove(id: number): Note | undefined {
    const row = this.#db.prepare(`DELETE FROM notes WHERE id = ? RETURNING ${COLUMNS}`).get(id);
    return row === undefined ? undefined : toNote(row);
  }

  /** True the first time that a delivery of this id comes. */
  firstDelivery(id: string): boolean {
    const statement = this.#db.prepare('INSERT INTO deliveries (id, receivedAt) VALUES (?, ?) ON CONFLICT DO NOTHING');
    return statement.run(id, new Date().toISOString()).changes > 0;
  }

  /** Throws if the database does not answer. */
  ping(): void {
    this.#db.prepare('SELECT 1').get();
  }

  close(): void {
    this.#db.close();
  }

  #migrate(): void {
    const done = Number(this.#db.prepare('PRAGMA user_version').get()?.user_version);
    for (const [i, step] of MIGRATIONS.entries()) {
      if (i >= done) this.#db.exec(`BEGIN; ${step}; PRAGMA user_version = ${i + 1}; COMMIT`);
    }
  }
}

function toNote(row: Record<string, unknown>): Note {
  return {
    id: Number(row.id),
    title: String(row.title),
    text: String(row.text),
    format: row.format === 'html' ? 'html' : 'text',
    ...(typeof row.image === 'string' ? { image: `/images/${row.image}` } : {}),
    createdAt: String(row.createdAt),
  };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** The words of sanitised HTML, for the search alone: never shown. */
function wordsOf(sanitised: string): string {
  return sanitised.replace(/<[^>]*>/g, ' ').replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ENTITIES[name] ?? '');
}
