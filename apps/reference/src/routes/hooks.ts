import { access, exempt, input, limit, Refusal, type Secret } from 'bulwark';
import type { Express } from 'express';
import { z } from 'zod';
import { newNote } from '../note.ts';
import type { Site } from '../site.ts';
import { isSigned } from '../webhook.ts';

const delivery = z.strictObject({ id: z.string().min(1).max(100), note: newNote });

/**
 * `POST /hooks/notes`: another service adds a note. It has no cookie and no page; what it has is a signature over the raw
 * bytes. A delivery that comes again is answered like the first, and adds nothing.
 */
export function mountHooks(app: Express, { notes }: Site, secret: Secret): void {
  app.post(
    '/hooks/notes',
    access.public('who may call is decided by the signature'),
    exempt('csrf', { reason: 'signed by the sender, carries no cookie' }),
    limit({ name: 'hooks', limit: 60, window: '1m' }),
    input.raw({ limit: '64kb', types: ['application/json'] }),
    (req, res) => {
      const body = req.body as Buffer;
      if (!isSigned(req.headers['x-signature'], body, secret.reveal(), Date.now())) {
        throw new Refusal('ERR_AUTHENTICATION_REQUIRED', {
          reason: 'X-Signature is missing, old, or not over this body',
        });
      }
      const parsed = delivery.safeParse(parseJson(body));
      if (!parsed.success) throw new Refusal('ERR_VALIDATION', { reason: 'a delivery has an id and a note' });
      const isNew = notes.firstDelivery(parsed.data.id);
      if (isNew) notes.add(parsed.data.note);
      res.status(isNew ? 201 : 200).json({ added: isNew });
    },
  );
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
