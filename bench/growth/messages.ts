/** What the load of a measurement of growth is asked to do. */
export interface CrowdOrder {
  /** Of the servers; connections are spread over them. */
  readonly ports: readonly number[];
  readonly connections: number;
  readonly ms: number;
  /** How many different routes, clients and sessions (0: no cookie) are drawn from, each request anew. */
  readonly routes: number;
  readonly clients: number;
  readonly sessions: number;
}

/** What came of a {@link CrowdOrder}; times in microseconds, but `ms`. */
export interface CrowdResult {
  readonly responses: number;
  readonly ms: number;
  /** Processor time of the load itself. */
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}
