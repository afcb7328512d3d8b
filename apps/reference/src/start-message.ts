import type { GateListening, PracticeId, SelfTestReport } from 'bulwark';
import type { Environment } from './environment.ts';
import { OWNER, type Owner } from './owner.ts';
import { PRACTICES } from './practices.ts';
import type { Stores } from './stores.ts';

/** What `npm start` prints: where, what is on, whether it holds, and what production still needs. */
export function describeStart(
  environment: Environment,
  { logs, owner }: Stores,
  listening: GateListening,
  report: SelfTestReport,
  unused: ReadonlySet<PracticeId>,
): string {
  const used = PRACTICES.map(({ id }) => id).filter((id) => !unused.has(id));
  const lines = [
    `Bulwark reference server  ${listening.url}`,
    '',
    ...row('on', used.join(', ')),
    ...row('self-test', describeReport(report)),
    ...row('sign in', describeOwner(owner)),
    ...row('tokens', used.includes('tokens') ? 'POST /api/tokens' : 'off: set TOKEN_KEY'),
    ...row('data', environment.dataDir),
    ...row('logs', logs === undefined ? describeLogs(environment) : `${logs.folder} (requests.log, events.log)`),
    ...row(
      'webhook',
      environment.webhookSecret === undefined ? 'off: set WEBHOOK_SECRET' : 'POST /hooks/notes, signed',
    ),
  ];
  if (listening.httpUrl !== undefined)
    lines.push(...row('http', `${listening.httpUrl} redirects pages, refuses the rest`));
  if (listening.ca !== undefined)
    lines.push(...row('local CA', listening.ca), ...row('', 'browsers warn until they trust it: docs/trust.md'));
  const needs = productionNeeds(environment);
  if (needs.length > 0) lines.push('', '  production still needs', ...needs.map((need) => `    - ${need}`));
  return lines.join('\n');
}

const WIDTH = 80;
const INDENT = 13;

/** A heading, and what it says: broken between words where it would not fit a terminal. */
function row(heading: string, text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (INDENT + line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, i) => `  ${(i === 0 ? heading : '').padEnd(INDENT - 2)}${line}`);
}

function describeReport({ findings, results }: SelfTestReport): string {
  const passed = Object.values(results).filter((result) => result === 'pass').length;
  const failed = findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
  const unknown = Object.keys(results).filter((id) => results[id] === 'unknown');
  const hatches = findings.filter(({ severity }) => severity === 'info').map(({ id }) => id);
  return [
    `${passed} checks passed`,
    ...listed(failed, 'FAILED'),
    ...listed(unknown, 'unknown'),
    ...listed(hatches, hatches.length === 1 ? 'escape hatch in use' : 'escape hatches in use'),
  ].join(', ');
}

function listed(ids: readonly string[], what: string): string[] {
  return ids.length === 0 ? [] : [`${ids.length} ${what} (${ids.join(', ')})`];
}

function describeOwner({ hash, made }: Owner): string {
  if (hash === undefined) return 'off: set OWNER_PASSWORD';
  if (made === undefined) return `${OWNER}, with OWNER_PASSWORD or the password of the first start`;
  return `${OWNER} / ${made} (made now, shown once; only its hash is kept)`;
}

function describeLogs({ logLevel }: Environment): string {
  return logLevel === false ? 'off' : 'stdout';
}

function productionNeeds(environment: Environment): string[] {
  const { production, certificate, origin, proxy } = environment;
  const needs: string[] = [];
  if (!production) needs.push('NODE_ENV=production');
  if (new URL(origin).hostname === 'localhost') needs.push('ORIGIN=https://your.domain');
  if (certificate === undefined && proxy === 'none')
    needs.push('TLS_CERT and TLS_KEY (PEM files), or PROXY (the proxy that ends TLS)');
  return needs;
}
