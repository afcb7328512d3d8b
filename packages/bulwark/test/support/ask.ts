import { expect } from 'vitest';
import type { Policy } from '../../src/index.ts';
import { type Received, type Sent, send, serve } from './http.ts';

/** The host that the apps of these tests are served at. */
export const HOST = { host: 'shop.example' };

/** What a browser sends for a page of another site. */
export const FOREIGN = { ...HOST, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

/** A policy for tests over plain HTTP, without log lines. */
export const QUIET = {
  origins: 'https://shop.example',
  https: false,
  logging: { level: false },
  mode: 'production',
} satisfies Policy;

/** Serves an app, sends it requests one after another, and closes it. */
export async function ask(app: unknown, ...requests: Sent[]): Promise<Received[]> {
  const served = await serve(app);
  try {
    const answers: Received[] = [];
    for (const request of requests) {
      answers.push(await send(served.url, { ...request, headers: { ...HOST, ...request.headers } }));
    }
    return answers;
  } finally {
    await served.close();
  }
}

/** The same with one request. */
export async function one(app: unknown, request: Sent): Promise<Received> {
  const [answer] = await ask(app, request);
  return answer as Received;
}

/** Expects an answer to carry what every answer of a secured app carries. */
export function expectCovered(answer: Received): void {
  expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['x-powered-by']).toBeUndefined();
  expect(answer.headers['x-request-id']).toBeDefined();
  expect(answer.headers.ratelimit).toBeDefined();
  expect(answer.headers.vary).toMatch(/\bOrigin\b/i);
}
