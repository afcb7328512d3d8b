import type { ServerResponse } from 'node:http';
import { ConfigError } from '../../errors.ts';

/** What a browser can be told to forget. */
export type SiteData =
  | 'cache'
  | 'cookies'
  | 'storage'
  | 'clientHints'
  | 'executionContexts'
  | 'prefetchCache'
  | 'prerenderCache'
  | '*';

const KNOWN: readonly string[] = [
  'cache',
  'cookies',
  'storage',
  'clientHints',
  'executionContexts',
  'prefetchCache',
  'prerenderCache',
  '*',
];
const LOG_OUT: readonly SiteData[] = ['cache', 'cookies', 'storage'];

/**
 * Tells the browser to forget this site's data: for the answer to a log-out (ASVS 14.3.1, CWE-613).
 *
 * Browsers obey over HTTPS and on localhost. `cookies` also takes those of the subdomains.
 *
 * @param types - default: `cache`, `cookies`, `storage`, as the Secure Headers Project has it
 * @throws ConfigError for a type that browsers do not know, or none
 * @see https://www.w3.org/TR/clear-site-data/
 * @example app.post('/logout', (req, res) => { clearSiteData(res); res.redirect(303, '/') })
 */
export function clearSiteData(res: ServerResponse, types: readonly SiteData[] = LOG_OUT): void {
  const unknown = types.find((type) => !KNOWN.includes(type));
  if (unknown !== undefined || types.length === 0) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'clearSiteData()',
      message: unknown === undefined ? 'there is nothing to clear' : `there is no type ${JSON.stringify(unknown)}`,
      fix: `use some of: ${KNOWN.join(', ')}`,
    });
  }
  res.setHeader('Clear-Site-Data', types.map((type) => `"${type}"`).join(','));
}
