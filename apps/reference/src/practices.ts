import type { PracticeId } from 'bulwark';

/** What the home page says of each practice, in the order of a request's way. */
export const PRACTICES: readonly { readonly id: PracticeId; readonly short: string; readonly does: string }[] = [
  { id: 'secrets', short: 'sec', does: 'No placeholder for a secret: production does not start with one.' },
  {
    id: 'limits',
    short: 'lim',
    does: 'Refuses malformed framing; bounds headers, time and connections; sheds load before it is work.',
  },
  {
    id: 'client',
    short: 'cli',
    does: 'Knows who is calling, behind which proxy; answers only for its own host names.',
  },
  {
    id: 'logging',
    short: 'log',
    does: 'One line per request, with an id, without secrets; security events in a file of their own.',
  },
  { id: 'headers', short: 'hdr', does: 'Content Security Policy with a nonce, and all of OWASP’s secure headers.' },
  {
    id: 'https',
    short: 'tls',
    does: 'TLS 1.2 and 1.3 only; pages are redirected to it, API calls refused without it.',
  },
  { id: 'cors', short: 'cors', does: 'Only listed origins may read; compared whole.' },
  { id: 'rate-limit', short: 'rate', does: 'Counts each client before any work is done for it.' },
  { id: 'csrf', short: 'csrf', does: 'State changes only from its own pages, no token needed.' },
  {
    id: 'input',
    short: 'in',
    does: 'Addresses and bodies of known type, size and shape; validated, sanitised, escaped.',
  },
  { id: 'sessions', short: 'ses', does: 'An opaque token, hashed at rest; replaced, listed, and ended for good.' },
  { id: 'passwords', short: 'pw', does: 'argon2id in a queue as wide as the cores; common passwords refused offline.' },
  { id: 'tokens', short: 'tok', does: 'Short-lived, signed by keys that rotate; refreshed once, revoked at once.' },
  { id: 'access', short: 'acc', does: 'Each route says who may call it.' },
  { id: 'errors', short: 'err', does: 'Whatever fails, the answer tells no stack, path or query.' },
];
