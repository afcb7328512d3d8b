import { afterEach, describe, expect, test } from 'vitest';
import { EXPRESS, type Express, type Received, send } from '../../../test/support/http.ts';
import suite from './fixtures/oshp-suite.json' with { type: 'json' };
import { type ServedTls, serveTls } from './fixtures/serve-tls.ts';
import { clearSiteData, type HeadersOptions, headers } from './index.ts';

type Assertion = readonly string[] | { readonly anyOf: readonly (readonly string[])[] };

let served: ServedTls | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

function holds(assertion: Assertion, answer: Received): boolean {
  if ('anyOf' in assertion) return assertion.anyOf.some((one) => holds(one, answer));
  const [name = '', operator = '', ...values] = assertion as string[];
  const value = answer.headers[name] as string | undefined;
  switch (operator) {
    case 'ShouldNotBeNil':
      return value !== undefined;
    case 'ShouldBeNil':
      return value === undefined;
    case 'ShouldEqual':
      return value === values[0];
    case 'ShouldBeIn':
      return value !== undefined && values.includes(value);
    case 'ShouldContainSubstring':
      return value?.includes(values[0] ?? '?') === true;
    case 'ShouldNotContainSubstring':
      return value?.includes(values[0] ?? '?') === false;
    default:
      throw new Error(`unknown operator ${operator}`);
  }
}

function app(express: Express, options: HeadersOptions | false): unknown {
  const site = express();
  if (options) site.use(headers(options));
  site.get('/', (_req, res) => {
    res.send('<!doctype html><title>page</title>');
  });
  site.get('/logout', (_req, res) => {
    if (options) clearSiteData(res);
    res.send('bye');
  });
  return site;
}

async function judge(express: Express, options: HeadersOptions | false): Promise<Map<string, Assertion[]>> {
  served = await serveTls(app(express, options));
  const failed = new Map<string, Assertion[]>();
  for (const { name, url, assertions } of suite.cases) {
    const answer = await send(`${served.url}/${url === 'logout' ? 'logout' : ''}`, { ca: served.ca });
    expect(answer.status).toBe(200);
    const missed = (assertions as Assertion[]).filter((assertion) => !holds(assertion, answer));
    if (missed.length > 0) failed.set(name, missed);
  }
  return failed;
}

describe.each(EXPRESS)('the validation suite of the OWASP Secure Headers Project, Express %s', (_, express) => {
  test('has 17 cases', () => {
    expect(suite.cases).toHaveLength(17);
  });

  test('passes, but for the feature that passkeys need', async () => {
    const failed = await judge(express, {});
    expect([...failed]).toEqual([
      ['Permissions-Policy', [['permissions-policy', 'ShouldContainSubstring', 'publickey-credentials-get=()']]],
    ]);
  });

  test('passes whole where passkeys are given up', async () => {
    const failed = await judge(express, { permissionsPolicy: { publickeyCredentialsGet: [] } });
    expect([...failed]).toEqual([]);
  });

  test('control: without the practice only the four absent headers pass', async () => {
    const failed = await judge(express, false);
    expect(failed.size).toBe(13);
  });
});
