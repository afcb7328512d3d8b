import { ALONE, type Services } from '../../../context.ts';
import { type ResolvedInputOptions, resolveInput } from '../options.ts';
import { formReader, jsonReader, type Reader, streamReader, textReader } from './reader.ts';

/**
 * What a route says of its body. Its own options were checked where it was made; what it leaves out is the policy's, so
 * its reader is made once per policy.
 */
export class RouteBody {
  /** As it is written in the code: `input.raw()`. */
  readonly name: string;
  readonly #make: (policy: ResolvedInputOptions) => Reader;

  constructor(name: string, make: (policy: ResolvedInputOptions) => Reader) {
    this.name = name;
    this.#make = make;
  }

  /** Its reader under a policy. */
  readerFor(policy: ResolvedInputOptions): Reader {
    return this.#make(policy);
  }
}

/** How the bodies of an app are read: the policy's readers by media type, and those of its routes. */
export interface Contract {
  readonly services: Services;
  readonly readers: ReadonlyMap<string, Reader>;
  /** What becomes of a body that no reader takes. */
  readonly unread: Reader;
  readerOf(route: RouteBody): Reader;
}

/** Makes the contract of a policy. */
export function makeContract(options: ResolvedInputOptions, services: Services): Contract {
  const { json, urlencoded, text, inflate, unread } = options;
  const kinds = [
    ...(text ? [textReader(text.limit, text.types, inflate)] : []),
    ...(urlencoded ? [formReader(urlencoded, inflate)] : []),
    ...(json ? [jsonReader(json, inflate)] : []),
  ];
  const readers = new Map(kinds.flatMap((reader) => [...(reader.types ?? [])].map((name) => [name, reader] as const)));
  const ofRoutes = new WeakMap<RouteBody, Reader>();
  return {
    services,
    readers,
    unread: streamReader(unread.limit, () => ({})),
    readerOf(route) {
      let reader = ofRoutes.get(route);
      if (reader === undefined) {
        reader = route.readerFor(options);
        ofRoutes.set(route, reader);
      }
      return reader;
    },
  };
}

let defaults: Contract | undefined;

/** The contract of a route that is used without `input()`, or where `input` is off. */
export function defaultContract(): Contract {
  defaults ??= makeContract(resolveInput({}), ALONE);
  return defaults;
}
