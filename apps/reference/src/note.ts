import { html, text } from 'bulwark';
import { z } from 'zod';

/** A note as it is kept and sent. */
export interface Note {
  readonly id: number;
  readonly title: string;
  /** Plain text, or HTML that was sanitised before it was stored. */
  readonly text: string;
  readonly format: 'text' | 'html';
  /** Path of its picture on this server. */
  readonly image?: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

const oneLine = text({ lines: 'one' });
const plain = text();
const rich = html();

/** What a client may send: nothing else is taken. */
export const newNote = z
  .strictObject({
    title: z
      .string('write a title')
      .max(500, 'at most 120 characters')
      .transform(oneLine)
      .pipe(z.string().min(1, 'write a title').max(120, 'at most 120 characters')),
    text: z.string('write text').max(10_000, 'at most 10,000 characters').default(''),
    format: z.enum(['text', 'html'], 'text or html').default('text'),
  })
  .transform((note) => ({ ...note, text: note.format === 'html' ? rich(note.text) : plain(note.text) }));

/** A note that was checked. */
export type NewNote = z.infer<typeof newNote>;

/** What a client may ask the list for. */
export const search = z.strictObject({
  q: z.string().max(100, 'at most 100 characters').transform(oneLine).default(''),
  limit: z.coerce.number().int('a whole number').min(1, 'from 1').max(100, 'to 100').default(100),
});

/** A note's address. */
export const noteId = z.strictObject({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'the number of a note')
    .transform(Number),
});

/** What a list or an answer shows of a note, and nothing else: the search column stays inside. */
export const shownNote = z.object({
  id: z.int(),
  title: z.string(),
  text: z.string(),
  format: z.enum(['text', 'html']),
  image: z.string().optional(),
  createdAt: z.string(),
});
