import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The pictures of the notes: files with names of the server's own making. */
export class Images {
  readonly folder: string;

  /** @param dataDir - the folder `images` in it is made if it is absent, for its owner only */
  constructor(dataDir: string) {
    this.folder = join(dataDir, 'images');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** Takes a note's picture away; one that is gone already is no failure. */
  remove(path: string | undefined): void {
    const name = path?.slice('/images/'.length);
    if (name !== undefined && IMAGE_NAME.test(name)) rmSync(join(this.folder, name), { force: true });
  }
}

/** What the multipart parser calls a file: random, with the ending of what the file is. */
export const IMAGE_NAME = /^[\w-]{16,64}\.(?:gif|jpe?g|png|webp)$/;
