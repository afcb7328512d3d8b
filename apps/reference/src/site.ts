import type { limit } from 'bulwark';
import type { Images } from './images.ts';
import type { Notes } from './notes.ts';

/** What the routes of this server share. */
export interface Site {
  readonly notes: Notes;
  readonly images: Images;
  /** One limit for all ways to write. */
  readonly writes: ReturnType<typeof limit>;
}
