/** What a server process tells once it listens. */
export interface Listening {
  readonly port: number;
}

/** Processor time that a server process has used since it began, user and system, in microseconds. */
export interface CpuTime {
  readonly cpu: number;
}

/** What the load process is asked to do: keep one request in flight on each connection, for a while. */
export interface LoadOrder {
  readonly port: number;
  /** One whole request for each connection, sent again and again. */
  readonly requests: readonly string[];
  /** The status that each answer should have. */
  readonly status: number;
  readonly ms: number;
}

/** What came of a {@link LoadOrder}. */
export interface LoadResult {
  readonly responses: number;
  /** Responses with another status than the one that was expected. */
  readonly unexpected: number;
  readonly ms: number;
  /** The head of the last response. */
  readonly head: string;
}
