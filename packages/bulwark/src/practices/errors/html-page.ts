import type { Problem } from './problem.ts';

/** Makes the page of an error for browsers. The nonce is that of the response's Content-Security-Policy. */
export type ProblemPage = (problem: Problem, page: { readonly nonce: string }) => string;

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center}
main{padding:2rem;max-width:40rem;box-sizing:border-box;width:100%}
.status{margin:0;font-size:3rem;font-weight:700;opacity:.35;line-height:1}
h1{margin:.25rem 0 1rem;font-size:1.5rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1.5rem 0 0;font-size:.875rem;opacity:.75}
dd{margin:0;overflow-wrap:anywhere}
pre{overflow:auto;padding:1rem;border:1px solid;border-radius:.25rem;font-size:.8125rem}`;

/**
 * The page that browsers get for an error: no script, nothing loaded, everything escaped.
 *
 * @example problemPage({ type: 'about:blank', title: 'Not Found', status: 404 }, { nonce: nonceOf(req) })
 */
export const problemPage: ProblemPage = (problem, { nonce }) => {
  const facts = [row('Code', problem.code), row('Request', problem.requestId)].join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(`${problem.status} ${problem.title}`)}</title>
<style nonce="${escapeHtml(nonce)}">
${STYLE}
</style>
</head>
<body>
<main>
<p class="status">${problem.status}</p>
<h1>${escapeHtml(problem.title)}</h1>
${problem.detail === undefined ? '' : `<p>${escapeHtml(problem.detail)}</p>\n`}${facts === '' ? '' : `<dl>${facts}</dl>\n`}${debugOf(problem)}</main>
</body>
</html>
`;
};

/**
 * Escapes text for HTML content and quoted attributes.
 *
 * @example escapeHtml('<b>') // '&lt;b&gt;'
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function row(name: string, value: string | undefined): string {
  return value === undefined ? '' : `<dt>${name}</dt><dd><code>${escapeHtml(value)}</code></dd>`;
}

function debugOf({ debug }: Problem): string {
  if (debug === undefined) return '';
  const head = debug.message === undefined ? debug.type : `${debug.type}: ${debug.message}`;
  return `<h2>Debug</h2>
<p>Shown in development only, to clients on this machine.</p>
<pre>${escapeHtml(`${head}\n${debug.stack ?? ''}`)}</pre>
`;
}
