import type { GateListening, SelfTestReport } from 'bulwark';
import type { Environment } from './environment.ts';
import { PRACTICES } from './practices.ts';

/** What `npm start` prints: where, what is on, whether it holds, and what production still needs. */
export function describeStart(environment: Environment, listening: GateListening, report: SelfTestReport): string {
  const lines = [
    `Bulwark reference server  ${listening.url}`,
    `  on         ${PRACTICES.map(({ id }) => id).join(', ')}`,
    `  self-test  ${describeReport(report)}`,
    `  data       ${environment.dataDir}`,
  ];
  if (listening.httpUrl !== undefined)
    lines.push(`  http       ${listening.httpUrl} (redirects pages, refuses the rest)`);
  const needs = productionNeeds(environment);
  if (needs.length > 0) lines.push('  production still needs', ...needs.map((need) => `    - ${need}`));
  if (listening.trust !== undefined) lines.push('  to trust the certificate', ...indent(listening.trust));
  return lines.join('\n');
}

function describeReport({ findings, results }: SelfTestReport): string {
  const passed = Object.values(results).filter((result) => result === 'pass').length;
  if (findings.length === 0) return `${passed} checks passed`;
  return `${findings.length} of ${passed + findings.length} checks failed: ${findings.map(({ id }) => id).join(', ')}`;
}

function productionNeeds({ production, certificate, origin }: Environment): string[] {
  const needs: string[] = [];
  if (!production) needs.push('NODE_ENV=production');
  if (new URL(origin).hostname === 'localhost') needs.push('ORIGIN=https://your.domain');
  if (certificate === undefined) needs.push('TLS_CERT and TLS_KEY: PEM files of a certificate for that domain');
  return needs;
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => `    ${line}`);
}
