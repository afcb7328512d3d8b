/** The practices of the library: folder = subpath export = check-id prefix = policy key (in camelCase). */
export const PRACTICE_IDS = [
  'access',
  'client',
  'cors',
  'csrf',
  'errors',
  'headers',
  'https',
  'input',
  'limits',
  'logging',
  'passwords',
  'rate-limit',
  'secrets',
  'sessions',
  'tokens',
] as const;

/** A practice's id. */
export type PracticeId = (typeof PRACTICE_IDS)[number];

/** Practices that an app has only if its policy names them: what they protect, an app without users does not have. */
export const OPT_IN: readonly PracticeId[] = ['passwords', 'sessions', 'tokens'];

/** A step that is not a whole practice, or only a part of one. */
export type StepId = PracticeId | 'request-line' | 'route' | 'shedding' | 'session-read' | 'endpoints';

/** One place in the order: a step, the practice that it belongs to, and why it comes after others. */
export interface Place {
  readonly step: StepId;
  /** The practice whose switch turns it off; absent where it is the gate's own. */
  readonly practice?: PracticeId;
  /** The steps that must have run before this one, each with the reason. */
  readonly after: Readonly<Partial<Record<StepId, string>>>;
}

/**
 * What comes before what, and why: the one list. `secure()` compiles it once; a test checks it against the reasons.
 *
 * `errors` is not in it: it stands behind the app, and whatever was refused, thrown or not found ends there. Nor is
 * `secrets`: it looks at the process once, before there are requests. Nor `passwords`: handlers call it. The headers of every practice are set by its
 * `response` hook at the response gate, in this order too.
 */
export const ORDER: readonly Place[] = [
  { step: 'logging', practice: 'logging', after: {} },
  {
    step: 'limits',
    practice: 'limits',
    after: { logging: 'whatever refuses a request, it is logged and answered with its id' },
  },
  {
    step: 'client',
    practice: 'client',
    after: { limits: 'a message whose framing is in doubt has no trustworthy header' },
  },
  {
    step: 'request-line',
    practice: 'input',
    after: { client: 'for another host it is another server that must answer' },
  },
  {
    step: 'route',
    after: {
      client: 'a foreign host is refused before the router is asked',
      'request-line': 'a method or an address that no route may have needs no look-up',
    },
  },
  {
    step: 'shedding',
    practice: 'limits',
    after: {
      client: 'requests in flight are counted by client, and behind a proxy its address is that of everybody',
      route: 'a route says how long it may take, and whether it goes on being served under pressure',
    },
  },
  {
    step: 'headers',
    practice: 'headers',
    after: {
      route: "a route's profile chooses its headers",
      shedding: 'what is shed must cost as little as can be',
      logging: 'a violation report is logged with its request id',
    },
  },
  {
    step: 'https',
    practice: 'https',
    after: {
      client: 'behind a proxy only the client practice knows whether the request came over TLS',
      headers: 'the redirect itself carries the headers',
      route: 'a route may be exempt',
    },
  },
  {
    step: 'cors',
    practice: 'cors',
    after: {
      https: 'a preflight over plain HTTP must not be answered with permissions',
      route: 'a route may have origins of its own',
    },
  },
  {
    step: 'session-read',
    practice: 'sessions',
    after: {
      cors: 'a preflight has no session; it was answered from a table',
      https: 'a token that came over plain HTTP is not looked up',
    },
  },
  {
    step: 'rate-limit',
    practice: 'rate-limit',
    after: {
      'session-read':
        "it only sends for the session: with the limit's own question that is one round trip to a shared store",
      client: 'limits are kept by client; an unverified address would be a free identity',
      cors: 'a refused client must still be able to read the 429; preflights are answered from a table',
      logging: 'a 429 that is not logged hides the attack',
      route: "a route's own limit counts before its body is read",
    },
  },
  {
    step: 'endpoints',
    after: {
      'rate-limit': 'anyone can send violation reports',
      https: 'reports are taken over TLS only',
    },
  },
  {
    step: 'csrf',
    practice: 'csrf',
    after: {
      cors: 'the origins that may call across sites are declared there',
      'rate-limit': 'refused forgeries count against the sender',
      endpoints: 'browsers send violation reports by themselves, across sites too',
    },
  },
  {
    step: 'input',
    practice: 'input',
    after: {
      'rate-limit': 'no byte is parsed for a client that is over its limit, and what the parser refuses was counted',
      csrf: 'no body is parsed for a forged request',
    },
  },
  {
    step: 'sessions',
    practice: 'sessions',
    after: {
      'session-read': 'there it was sent for',
      'rate-limit': 'guesses at tokens are counted before they are judged',
      csrf: 'a forged request neither uses a session nor keeps it alive',
      input: 'a session that ended while the body came is not used',
    },
  },
  {
    step: 'tokens',
    practice: 'tokens',
    after: {
      'rate-limit': 'a signature is verified only for a client within its limit',
      input: 'a token that was revoked while the body came is not used',
    },
  },
  {
    step: 'access',
    practice: 'access',
    after: {
      sessions: 'who may call depends on who is logged in',
      tokens: 'and on whom the token speaks for',
      csrf: 'a forged request must not learn whether its victim is logged in',
      'rate-limit': 'guesses at credentials are counted before they are judged',
    },
  },
];
