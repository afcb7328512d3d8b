import { fileURLToPath } from 'node:url';
import { access, exempt, type Gate, limit, type Policy, Refusal, secure } from 'bulwark';
import express, { type Express, type Request } from 'express';
import type { z } from 'zod';
import type { Environment } from './environment.ts';
import { type NewNote, type Notes, newNote } from './notes.ts';
import { PRACTICES } from './practices.ts';

const views = fileURLToPath(new URL('../views', import.meta.url));
const assets = fileURLToPath(new URL('../public', import.meta.url));

/** The reference server: an ordinary Express app, secured in one call. */
export function createApp(environment: Environment, notes: Notes): { app: Express; gate: Gate } {
  const app = express();
  app.set('view engine', 'ejs');
  app.set('views', views);

  const policy: Policy = {
    origins: [environment.origin],
    mode: environment.production ? 'production' : 'development',
    https: environment.certificate ?? {},
    proxy: environment.proxy,
    logging: { level: environment.logLevel },
  };
  const gate = secure(app, policy);

  app.use(express.static(assets, { index: false, maxAge: '1h' }));

  app.get('/', access.public('explains the server'), (_req, res) => {
    res.render('home', { page: 'home', practices: PRACTICES, coverage: gate.coverage(), mode: gate.policy.mode });
  });

  const notesPage = { page: 'notes', problems: {}, draft: { title: '', text: '' } };
  app.get('/notes', access.public('a shared notebook'), (_req, res) => {
    res.render('notes', { ...notesPage, notes: notes.list() });
  });
  const writes = limit({ name: 'writes', limit: 30, window: '1m' });
  app.post('/notes', access.public('a shared notebook'), writes, (req, res) => {
    const parsed = newNote.safeParse(req.body);
    if (!parsed.success) {
      const sent = (req.body ?? {}) as Record<string, unknown>;
      const draft = { title: asText(sent.title), text: asText(sent.text) };
      res.status(400).render('notes', { ...notesPage, notes: notes.list(), problems: problemsOf(parsed.error), draft });
      return;
    }
    notes.add(parsed.data);
    res.redirect(303, '/notes');
  });
  app.post('/notes/:id/delete', access.public('a shared notebook'), writes, (req, res) => {
    removeNote(notes, req);
    res.redirect(303, '/notes');
  });

  app.get('/api/notes', access.public('a shared notebook'), (_req, res) => {
    res.json({ notes: notes.list() });
  });
  app.post('/api/notes', access.public('a shared notebook'), writes, (req, res) => {
    const note = notes.add(readNote(req.body));
    res.status(201).location(`/api/notes/${note.id}`).json(note);
  });
  app.get('/api/notes/:id', access.public('a shared notebook'), (req, res) => {
    const note = notes.get(readId(req));
    if (note === undefined) throw noSuchNote();
    res.json(note);
  });
  app.delete('/api/notes/:id', access.public('a shared notebook'), writes, (req, res) => {
    removeNote(notes, req);
    res.status(204).end();
  });

  const unlimited = exempt('rate-limit', { reason: 'asked every few seconds by the machine that watches this server' });
  app.get('/healthz', access.public('for the machine that watches'), unlimited, (_req, res) => {
    res.json({ status: 'alive' });
  });
  app.get('/readyz', access.public('for the load balancer'), unlimited, (_req, res) => {
    const sqlite = answers(() => notes.ping());
    res
      .status(sqlite ? 200 : 503)
      .json({ status: sqlite ? 'ready' : 'not ready', stores: { sqlite: sqlite ? 'ok' : 'down' } });
  });
  return { app, gate };
}

function readNote(body: unknown): NewNote {
  const parsed = newNote.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Refusal('ERR_VALIDATION', {
    reason: 'a note has a title and a text',
    extensions: { fields: problemsOf(parsed.error) },
  });
}

function problemsOf(error: z.ZodError): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const issue of error.issues) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')];
    for (const name of names) problems[name] ??= issue.code === 'unrecognized_keys' ? 'unknown field' : issue.message;
  }
  return problems;
}

function removeNote(notes: Notes, req: Request): void {
  if (!notes.remove(readId(req))) throw noSuchNote();
}

function readId(req: Request): number {
  const { id } = req.params;
  if (typeof id !== 'string' || !/^[1-9]\d{0,14}$/.test(id)) throw noSuchNote();
  return Number(id);
}

function noSuchNote(): Refusal {
  return new Refusal('ERR_NOT_FOUND', { reason: 'there is no such note' });
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function answers(ask: () => void): boolean {
  try {
    ask();
    return true;
  } catch {
    return false;
  }
}
