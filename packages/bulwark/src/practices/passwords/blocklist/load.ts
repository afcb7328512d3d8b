import { lengthOf } from '../text.ts';
import { type Bloom, has } from './bloom.ts';
import type { Filter } from './filter.ts';
import { commonSpellings, LONG } from './spellings.ts';

/** Says whether a password is one of those that attackers try first. */
export type Blocklist = (password: string) => boolean;

let loading: Promise<Blocklist> | undefined;

/** Loads the filters, once: they are 187 KB of text that a request without a new password never needs. */
export function loadBlocklist(): Promise<Blocklist> {
  loading ??= import('./filters.ts').then(({ LONG_FILTER, SHORT_FILTER }) => {
    const short = read(SHORT_FILTER);
    const long = read(LONG_FILTER);
    return (password) => commonSpellings(password).some((text) => has(lengthOf(text) >= LONG ? long : short, text));
  });
  return loading;
}

function read({ data, hashes }: Filter): Bloom {
  return { bits: Buffer.from(data, 'base64'), hashes };
}
