/** Makes a function that says whether a browser that follows a target stays on one of some origins. */
export type StaysOn = (target: string, further?: ReadonlySet<string>) => boolean;

/**
 * Reads a redirect's target as a browser does: with the URL standard's own parser, which knows all spellings, rather
 * than by looks. `//evil.example`, `/\evil.example` and `\\evil.example` begin with a slash too.
 *
 * A target is read twice, as on a page over https and over http: `https:evil.example` is a path on the one and another
 * site on the other. What leads away on either does not stay. A backslash before the query is a slash for browsers and
 * part of a user name for other programs, so no target with one does.
 *
 * @param origins - serialised; relative targets are those of the first
 * @see https://url.spec.whatwg.org/#concept-basic-url-parser, CWE-601
 * @example staysOn(['https://shop.example'])('/\\evil.example') // false
 */
export function staysOn(origins: readonly string[], external: readonly string[] = []): StaysOn {
  const [own = ''] = origins;
  const allowed = new Set([...origins, ...external]);
  const host = own.slice(own.indexOf(':'));
  const bases = [`https${host}`, `http${host}`];

  return (target, further) =>
    !BACKSLASH.test(target) &&
    bases.every((base) => {
      if (!URL.canParse(target, base)) return false;
      const { protocol, origin, username, password } = new URL(target, base);
      // `blob:` has the origin of what is within it; a name before the host is there to be taken for the host.
      if ((protocol !== 'https:' && protocol !== 'http:') || username !== '' || password !== '') return false;
      return origin === base || allowed.has(origin) || further?.has(origin) === true;
    });
}

const BACKSLASH = /^[^?#]*\\/;
