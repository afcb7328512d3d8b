import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import type { Head } from '../../head.ts';
import { buildDirectives, type CspOptions } from './csp.ts';
import { type CspHeader, compileCsp, serialise, setCsp } from './csp-header.ts';
import { type CspDirectives, csp, headers } from './index.ts';

const built = (options: CspOptions): string => serialise(buildDirectives(options, 'csp'));
const refusal = (directives: unknown, options = {}): ConfigError => {
  try {
    csp(directives as CspDirectives, options);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

function cspText(header: CspHeader, tls: boolean, data: boolean, nonce: string | undefined): string | undefined {
  let text: string | undefined;
  const head: Head = {
    set: (_name, value) => {
      text = value;
    },
    add: ({ entries }) => {
      text = entries[0]?.[1];
    },
  };
  setCsp(head, header, tls, data, nonce);
  return text;
}

describe('csp()', () => {
  test('naming one directive leaves the others', () => {
    expect(built({ directives: { imgSrc: ["'self'", 'data:'] } })).toBe(
      "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; " +
        "frame-ancestors 'none'; require-trusted-types-for 'script'; upgrade-insecure-requests; img-src 'self' data:",
    );
  });

  test('takes one out, starts from nothing, takes both spellings, texts and flags', () => {
    expect(built({ directives: { styleSrc: false, formAction: null } })).not.toMatch(/style-src|form-action/);
    expect(
      built({ useDefaults: false, directives: { 'default-src': "'self'  https://a.example", sandbox: true } }),
    ).toBe("default-src 'self' https://a.example; sandbox");
    expect(built({ directives: { upgradeInsecureRequests: [], sandbox: ['allow-forms'] } })).toContain(
      'sandbox allow-forms',
    );
    expect(built({ directives: { upgradeInsecureRequests: false } })).not.toContain('upgrade');
    expect(built({ directives: { trustedTypes: ['default', 'dompurify', "'allow-duplicates'"] } })).toContain(
      'trusted-types',
    );
  });

  test.each([
    ['https://img.example'],
    ['https://img.example:8443/path/file.js'],
    ['*.example.com'],
    ['localhost:*'],
    ['wss://live.example'],
    ['blob:'],
    ["'sha256-TcUB1mzXiQO4GxpTRZ0EMpOXKMU3u+n/q1WrgVIcs1I='"],
    ["'report-sample'"],
  ])('takes %s', (source) => {
    expect(built({ directives: { imgSrc: [source] } })).toContain(source);
  });

  test.each([
    ['an unknown directive', { scritSrc: ["'self'"] }, 'csp().scritSrc', /did you mean "scriptSrc"/],
    ['one named twice', { imgSrc: ["'self'"], 'img-src': ['*'] }, 'csp().img-src', /twice/],
    ['self without quotes', { imgSrc: ['self'] }, 'csp().imgSrc[0]', /without quotes/],
    ['none without quotes', { objectSrc: ['none'] }, 'csp().objectSrc[0]', /without quotes/],
    ['unsafe-inline without quotes', { styleSrc: ['unsafe-inline'] }, 'csp().styleSrc[0]', /without quotes/],
    ['strict-dynamic without quotes', { scriptSrc: ['strict-dynamic'] }, 'csp().scriptSrc[0]', /without quotes/],
    ['a hash without quotes', { scriptSrc: ['sha256-abc='] }, 'csp().scriptSrc[0]', /without quotes/],
    ['a hash that is none', { scriptSrc: ["'sha256-abc'"] }, 'csp().scriptSrc[0]', /there is no/],
    ['a misspelt keyword', { scriptSrc: ["'slef'"] }, 'csp().scriptSrc[0]', /did you mean "'self'"/],
    ['a nonce', { scriptSrc: ["'nonce-RANDOM_NONCE'"] }, 'csp().scriptSrc[0]', /same for every response/],
    ['a nonce without quotes', { scriptSrc: ['nonce-abc'] }, 'csp().scriptSrc[0]', /same for every response/],
    ['a directive in a source', { imgSrc: ["'self'; script-src *"] }, 'csp().imgSrc[0]', /holds a space/],
    ['a semicolon', { imgSrc: ['https://a.example;'] }, 'csp().imgSrc[0]', /";"/],
    ['a comma', { imgSrc: ['https://a.example,'] }, 'csp().imgSrc[0]', /","/],
    ['a line break', { imgSrc: ['https://a.example\r\nX: y'] }, 'csp().imgSrc[0]', /line break/],
    ['two sources in one', { imgSrc: ["'self' data:"] }, 'csp().imgSrc[0]', /space/],
    ['injection by a text', { imgSrc: "'self';script-src" }, 'csp().imgSrc', /";"/],
    ['injection by report-to', { reportTo: 'a;script-src' }, 'csp().reportTo', /";"/],
    ['an apostrophe in a host', { imgSrc: ["a'b"] }, 'csp().imgSrc[0]', /not a source/],
    ['a query', { imgSrc: ['https://a.example/?x'] }, 'csp().imgSrc[0]', /not a source/],
    ["'none' beside others", { imgSrc: ["'none'", 'data:'] }, 'csp().imgSrc', /beside/],
    ['unsafe-inline', { scriptSrc: ["'unsafe-inline'"] }, 'csp().scriptSrc[0]', /takes? what|nonceOf/],
    ['unsafe-inline in another case', { styleSrc: ["'UNSAFE-inline'"] }, 'csp().styleSrc[0]', /nonceOf/],
    ['unsafe-eval', { scriptSrc: ["'unsafe-eval'"] }, 'csp().scriptSrc[0]', /dangerouslyAllow/],
    ['wasm-unsafe-eval', { scriptSrc: ["'wasm-unsafe-eval'"] }, 'csp().scriptSrc[0]', /dangerouslyAllow/],
    ['any script', { scriptSrc: ['*'] }, 'csp().scriptSrc[0]', /dangerouslyAllow/],
    ['any script over https', { scriptSrc: ['https:'] }, 'csp().scriptSrc[0]', /dangerouslyAllow/],
    ['any host over https', { scriptSrcElem: ['https://*'] }, 'csp().scriptSrcElem[0]', /dangerouslyAllow/],
    ['scripts in addresses', { scriptSrc: ['DATA:'] }, 'csp().scriptSrc[0]', /dangerouslyAllow/],
    ['anything by default', { defaultSrc: ['*'] }, 'csp().defaultSrc[0]', /dangerouslyAllow/],
    ['no default', { defaultSrc: false }, 'csp().defaultSrc', /anywhere/],
    ['an empty list', { imgSrc: [] }, 'csp().imgSrc', /empty/],
    ['a function', { scriptSrc: [() => "'nonce-x'"] }, 'csp().scriptSrc', /nonceOf/],
    ['a number', { imgSrc: 7 }, 'csp().imgSrc', /list/],
    ['a flag with a value', { upgradeInsecureRequests: ['x'] }, 'csp().upgradeInsecureRequests', /no value/],
    ['an unknown sandbox token', { sandbox: ['allow-script'] }, 'csp().sandbox[0]', /allow-scripts/],
    ['prototype names', { constructor: ["'self'"] }, 'csp().constructor', /no such directive/],
  ])('refuses %s', (_, directives, field, message) => {
    const error = refusal(directives);
    expect(error.field).toBe(field);
    expect(`${error.message} ${error.fix}`).toMatch(message);
  });

  test('near misses of what is refused are taken', () => {
    expect(built({ directives: { imgSrc: ['https:', 'data:', '*'], frameAncestors: ['*'] } })).toContain(
      'https: data: *',
    );
    expect(built({ directives: { scriptSrc: ['https://self.example', 'nonce.example'] } })).toContain('nonce.example');
  });

  test('an escape hatch adds exactly what it names, and shows', () => {
    const dangerouslyAllow = ["styleSrc 'unsafe-inline'"];
    expect(built({ dangerouslyAllow })).toContain("style-src 'self' 'unsafe-inline'");
    expect(built({ dangerouslyAllow, directives: { styleSrc: ["'unsafe-inline'"] } })).toContain(
      "style-src 'unsafe-inline';",
    );
    expect(built({ dangerouslyAllow: ['object-src data:'] })).toContain('object-src data:;');
    expect(() => built({ dangerouslyAllow, directives: { scriptSrc: ["'unsafe-inline'"] } })).toThrow(ConfigError);
    expect(headers({ contentSecurityPolicy: { dangerouslyAllow } }).hatches).toEqual([
      "dangerouslyAllow: styleSrc 'unsafe-inline'",
    ]);
    expect(headers().hatches).toEqual([]);
  });

  test.each([
    ["'unsafe-inline'"],
    ['img-src data:'],
    ["style-src 'unsafe-inline' x"],
    ['nothing-src *'],
    ['script-src *;x'],
    ["script-src 'unsafe-eval';x"],
    ["script-src 'unsafe-nothing'"],
  ])('refuses the escape hatch %s', (hatch) =>
    expect(() => csp({}, { dangerouslyAllow: [hatch] })).toThrow(ConfigError),
  );

  test('is what headers() takes', () => {
    expect(() => headers({ contentSecurityPolicy: csp({ imgSrc: ["'self'"] }, { reportOnly: true }) })).not.toThrow();
  });
});

describe('the texts of a policy', () => {
  test('a nonce has no place where a style list is unsafe-inline, and scripts of a bare default get it', () => {
    const directives = buildDirectives(
      { useDefaults: false, directives: { defaultSrc: ["'none'"] }, dangerouslyAllow: ["style-src 'unsafe-inline'"] },
      'csp',
    );
    expect(cspText(compileCsp(directives, false, true), true, false, 'abc')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-abc' 'strict-dynamic'",
    );
  });

  test('sandbox is added once, and never to a policy that only reports', () => {
    const own = buildDirectives({ useDefaults: false, directives: { defaultSrc: ["'none'"], sandbox: true } }, 'csp');
    expect(cspText(compileCsp(own, false, true), true, true, undefined)).toBe("default-src 'none'; sandbox");
    const bare = buildDirectives({ useDefaults: false, directives: { defaultSrc: ["'none'"] } }, 'csp');
    expect(cspText(compileCsp(bare, true, true), true, true, undefined)).toBe("default-src 'none'");
    expect(cspText(compileCsp(bare, false, false), true, true, undefined)).toBe("default-src 'none'");
  });
});
