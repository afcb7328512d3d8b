import { access, Refusal, validate } from 'bulwark';
import type { Express } from 'express';
import { z } from 'zod';
import { newNote, noteId, search, shownNote } from '../note.ts';
import type { Site } from '../site.ts';

/** The notes as a JSON API: `GET/POST /api/notes`, `GET/DELETE /api/notes/:id`. */
export function mountNotesApi(app: Express, { notes, images, writes }: Site): void {
  const shared = access.public('a shared notebook');

  const listing = validate({ query: search, response: z.object({ notes: z.array(shownNote) }) });
  app.get('/api/notes', shared, listing, (req, res) => {
    res.json({ notes: notes.list(listing.of(req).query) });
  });

  const creation = validate({ body: newNote, response: shownNote });
  app.post('/api/notes', shared, writes, creation, (req, res) => {
    const note = notes.add(creation.of(req).body);
    res.status(201).location(`/api/notes/${note.id}`).json(note);
  });

  const reading = validate({ params: noteId, response: shownNote });
  app.get('/api/notes/:id', shared, reading, (req, res) => {
    const note = notes.get(reading.of(req).params.id);
    if (note === undefined) throw noSuchNote();
    res.json(note);
  });

  const removal = validate({ params: noteId });
  app.delete('/api/notes/:id', shared, writes, removal, (req, res) => {
    const removed = notes.remove(removal.of(req).params.id);
    if (removed === undefined) throw noSuchNote();
    images.remove(removed.image);
    res.status(204).end();
  });
}

/** 404 for a number that no note has. */
export function noSuchNote(): Refusal {
  return new Refusal('ERR_NOT_FOUND', { reason: 'there is no such note' });
}
