import { hash } from 'node:crypto';

/** The address of a client: as many different ones as there are numbers below 2^24. */
export function addressOf(client: number): string {
  return `100.${(client >> 16) & 255}.${(client >> 8) & 255}.${client & 255}`;
}

/** The token of a session that was not made by chance: the server and the load must both know it. */
function bytesOf(session: number): Buffer {
  const bytes = Buffer.alloc(48, 1);
  bytes.writeUInt32BE(session, 0);
  bytes.writeUInt32BE(session, 16);
  return bytes;
}

/** What its cookie says. */
export function tokenOf(session: number): string {
  return bytesOf(session).toString('base64url');
}

/** Its id, and what is kept of its secret. */
export function keptOf(session: number): { readonly id: string; readonly secret: string } {
  const bytes = bytesOf(session);
  return {
    id: bytes.subarray(0, 16).toString('base64url'),
    secret: hash('sha256', bytes.subarray(16), 'base64url'),
  };
}

/**
 * The text of a session's record, as `logIn()` leaves it without data of the app's own. It was seen an hour ahead: so
 * none of them is written to again while it is measured, however rarely it is asked for.
 */
export function recordOf(session: number): string {
  const at = Date.now() + 3_600_000;
  return JSON.stringify({
    secret: keptOf(session).secret,
    data: {},
    createdAt: at,
    seenAt: at,
    rotatedAt: at,
    device: 'Chrome on Linux',
    authentication: { user: `user-${session}`, factors: { password: at }, at },
  });
}
