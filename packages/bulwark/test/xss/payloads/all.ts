import { attributes } from './attributes.ts';
import { clobbering } from './clobbering.ts';
import { foreign } from './foreign.ts';
import { CLASSES, type Make, type PayloadClass } from './kit.ts';
import { mutation } from './mutation.ts';
import { script } from './script.ts';
import { tags } from './tags.ts';
import { template } from './template.ts';
import { addresses, urls } from './urls.ts';

/** A payload that tells its number when it runs: `pwn(<id>)`. */
export interface Payload {
  readonly id: number;
  readonly kind: PayloadClass;
  readonly text: string;
}

const GENERATORS: Readonly<Record<PayloadClass, () => Make[]>> = {
  tags,
  attributes,
  urls,
  foreign,
  mutation,
  clobbering,
  template,
  script,
};

/** Every payload of every class; no two are the same but for their number. */
export const PAYLOADS: readonly Payload[] = numbered(CLASSES.map((kind) => [kind, GENERATORS[kind]()]));

/** Addresses alone, for attributes that hold one. */
export const ADDRESSES: readonly Payload[] = numbered([['urls', addresses()]]);

function numbered(made: readonly (readonly [PayloadClass, readonly Make[]])[]): Payload[] {
  const seen = new Set<string>();
  const payloads: Payload[] = [];
  for (const [kind, makers] of made) {
    for (const make of makers) {
      const shape = make('pwn(0)');
      if (seen.has(shape)) continue;
      seen.add(shape);
      payloads.push({ id: payloads.length, kind, text: make(`pwn(${payloads.length})`) });
    }
  }
  return payloads;
}
