import { describe, expect, it } from 'vitest';
import { EXPRESS } from '../../test/support/http.ts';
import type { Layer, Router } from './internals.ts';
import { literalPathOf } from './literal-path.ts';

describe.each(EXPRESS)('what is sure of a path on Express %s', (version, express) => {
  const layerOf = (path: string | RegExp | string[], strict = false): Layer => {
    const router = express.Router({ strict });
    router.get(path, (_req, res) => void res.end());
    return (router as unknown as Router).stack[0] as Layer;
  };
  const prefixesOf = (path: string | RegExp | string[]): unknown => literalPathOf(layerOf(path))?.prefixes;

  it('is the segments that stand there whole', () => {
    expect(prefixesOf('/')).toEqual([['']]);
    expect(prefixesOf('/Api/v1.2/notes/')).toEqual([['Api', 'v1.2', 'notes']]);
    expect(prefixesOf('/notes/:id')).toEqual([['notes']]);
    expect(prefixesOf(['/a', '/b/:id'])).toEqual([['a'], ['b']]);
    expect(prefixesOf(/^\/a\/b$/)).toEqual([['a', 'b']]);
    expect(prefixesOf(version === '4' ? '/notes/:id?' : '/notes{/:id}')).toEqual([['notes']]);
  });

  it('is nothing where a letter may be missing or another may follow', () => {
    const unsure =
      version === '4' ? ['/note(s)?', '/note*', '/note:id', '/é'] : ['/note{s}', '/note*rest', '/note:id', '/é'];
    for (const path of unsure) expect(prefixesOf(path), path).toEqual([[]]);
    expect(prefixesOf(/^\/a\/?b/)).toEqual([[]]);
  });

  it('is nothing for expressions that have a memory or rules of their own, and for a matcher that was replaced', () => {
    for (const flags of ['g', 'y', 'm', 'iu', 's'])
      expect(prefixesOf(new RegExp('^/k$', flags)), flags).toBeUndefined();
    const own = Object.assign(/^\/k$/, { exec: () => null });
    expect(prefixesOf(own)).toBeUndefined();
    expect(literalPathOf(Object.assign(layerOf('/k'), { match: () => false }))).toBeUndefined();
  });

  it('names a path only where the router takes it as it is written', () => {
    for (const strict of [false, true]) {
      for (const path of ['/', '/a', '/A/b', '/a/', '/a//', '//', '/a/:id', '/a.b']) {
        const layer = layerOf(path, strict);
        const exact = literalPathOf(layer)?.exact;
        if (exact !== undefined) expect(Boolean(layer.match(exact)), `${path} ${strict}`).toBe(true);
      }
    }
    expect(literalPathOf(layerOf('/A/b'))?.exact).toBe('/A/b');
  });
});
