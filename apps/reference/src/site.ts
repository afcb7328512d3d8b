import type { Gate, limit } from 'bulwark';
import type { Images } from './images.ts';
import type { Notes } from './notes.ts';
import type { SignIn } from './owner.ts';

/** What the routes of this server share. */
export interface Site {
  readonly gate: Gate;
  /** Finds out whether a name and a password go together. */
  readonly signIn: SignIn;
  readonly notes: Notes;
  readonly images: Images;
  /** One limit for all ways to write. */
  readonly writes: ReturnType<typeof limit>;
}
