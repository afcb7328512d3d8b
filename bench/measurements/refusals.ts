import { type Contender, compare, ratioOf } from '../compare.ts';
import type { Measurement, Row } from '../measurement.ts';

const FOREIGN = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site', 'Content-Length': '0' };
const COVERED = ['content-security-policy'];

interface Refused {
  readonly id: string;
  readonly title: string;
  readonly asked: Omit<Contender, 'id' | 'server'>;
  /** Hand-wired stacks refuse this too. */
  readonly isCommon: boolean;
}

const REFUSED: readonly Refused[] = [
  {
    id: 'refused429',
    title: '429, over the limit',
    asked: { env: { LIMIT: '1' }, status: 429, headers: COVERED },
    isCommon: true,
  },
  {
    id: 'refused403',
    title: '403, a foreign page’s POST',
    asked: { line: 'POST /api/items', changed: FOREIGN, status: 403, headers: COVERED },
    isCommon: true,
  },
  {
    id: 'refusedHost',
    title: '421, a host that is not served',
    asked: { changed: { Host: 'evil.example' }, status: 421, headers: COVERED },
    isCommon: false,
  },
  {
    id: 'refusedOversized',
    title: '413, a body that says it is too large',
    asked: {
      line: 'POST /api/login',
      changed: { 'Content-Type': 'application/json', 'Content-Length': '102401' },
      status: 413,
      headers: COVERED,
    },
    isCommon: false,
  },
];

/** Refusals, against bare Express's normal answer: who floods a server should cost it less than who is served. */
export const refusals: Measurement = {
  id: 'refusals',
  title: 'Refused requests per second, against bare Express’s answers',
  parts: ['wrk'],
  async run(plan) {
    const contenders: Contender[] = [{ id: 'express', server: 'express', status: 200, headers: ['x-powered-by'] }];
    for (const { id, asked, isCommon } of REFUSED) {
      contenders.push({ id, server: 'bulwark', ...asked });
      if (isCommon) contenders.push({ id: `${id}-hand-wired`, server: 'hand-wired', ...asked });
    }
    const compared = await compare(contenders, plan);
    return REFUSED.map(({ id, title, isCommon }): Row => {
      const cpu = ratioOf(compared, 'express', id, (round) => round.cpu);
      return {
        id,
        title,
        ...ratioOf(compared, id, 'express'),
        goal: { atLeast: 2 },
        ...(isCommon ? { handWired: ratioOf(compared, `${id}-hand-wired`, 'express').ratio } : {}),
        note: `by processor time ${cpu.ratio.toFixed(2)}${id === 'refusedOversized' ? '; each on a new connection, since its 100 kB are not read' : ''}`,
      };
    });
  },
};
