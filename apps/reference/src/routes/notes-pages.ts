import { access, filesOf, input, validate } from 'bulwark';
import type { Express, Response } from 'express';
import type { z } from 'zod';
import { IMAGE_NAME } from '../images.ts';
import { newNote, noteId, search } from '../note.ts';
import type { Site } from '../site.ts';
import { noSuchNote } from './notes-api.ts';

const NO_DRAFT = { title: '', text: '', format: 'text' };

/** The notes as pages that need no JavaScript: forms, a search, pictures. */
export function mountNotesPages(app: Express, site: Site): void {
  const { notes, images, writes } = site;
  const shared = access.public('a shared notebook');
  const show = (res: Response, page: object): void =>
    res.render('notes', { page: 'notes', q: '', problems: {}, draft: NO_DRAFT, ...page });

  const listing = validate({ query: search });
  app.get('/notes', shared, listing, (req, res) => {
    const { query } = listing.of(req);
    show(res, { notes: notes.list(query), q: query.q });
  });

  const upload = input.multipart({
    fields: { limit: '40kb', count: 3 },
    files: { image: { types: ['image/png', 'image/jpeg', 'image/webp', 'image/gif'], limit: '2mb', count: 1 } },
    directory: images.folder,
  });
  app.post('/notes', shared, writes, upload, (req, res) => {
    const parsed = newNote.safeParse(req.body);
    if (!parsed.success) {
      res.status(400);
      show(res, { notes: notes.list(), problems: problemsOf(parsed.error), draft: draftOf(req.body) });
      return;
    }
    const [image] = filesOf(req).image ?? [];
    notes.add(parsed.data, image?.name);
    // From here on the note refers to it; what no note refers to is gone with the response.
    image?.keep();
    res.redirect(303, '/notes');
  });

  const removal = validate({ params: noteId });
  app.post('/notes/:id/delete', shared, writes, removal, (req, res) => {
    const removed = notes.remove(removal.of(req).params.id);
    if (removed === undefined) throw noSuchNote();
    images.remove(removed.image);
    res.redirect(303, '/notes');
  });

  app.get('/images/:name', shared, (req, res, next) => {
    const { name } = req.params;
    if (typeof name !== 'string' || !IMAGE_NAME.test(name)) return next();
    res.sendFile(name, { root: images.folder, maxAge: '1h', dotfiles: 'deny' }, (error) => {
      // A picture that is not there is the 404 of any address; the path in the error is nobody's business.
      if (error !== undefined && !res.headersSent) next();
    });
  });
}

/** What is wrong, by field: the first thing of each. */
function problemsOf(error: z.ZodError): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const issue of error.issues) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')];
    for (const name of names) problems[name] ??= issue.code === 'unrecognized_keys' ? 'unknown field' : issue.message;
  }
  return problems;
}

/** What was written, to be mended rather than written again. */
function draftOf(body: unknown): typeof NO_DRAFT {
  const sent = (body ?? {}) as Record<string, unknown>;
  const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
  return { title: asText(sent.title), text: asText(sent.text), format: asText(sent.format) };
}
