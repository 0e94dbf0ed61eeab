/** The input of the load generator, as JSON in its first argument, and its output. */
export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** Measuring begins after this time. */
  readonly warmUpMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In the body, the path and the headers `{n}` is the request's number, counted from `firstNumber`, and `{i}` its index. */
  readonly bodyTemplate: string;
  readonly firstNumber: number;
  /** Indexes are never reused. Default: 0. */
  readonly firstIndex?: number;
  /** Numbers start again after this many; null: never. */
  readonly distinctNumbers: number | null;
  /** Processes whose CPU time counts as the server's. */
  readonly serverPids: readonly number[];
  /** The process of each store, by name; its children count too. Default: none. */
  readonly storePids?: Readonly<Record<string, number>>;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** User and system time of the server's processes per request; null if the system does not report it. */
  readonly serverCpuMicros: number | null;
  /** The same for each store. */
  readonly storeCpuMicros: Readonly<Record<string, number>>;
  /** Replies other than 200, including the warm-up. */
  readonly notOk: number;
  /** One of them, complete. */
  readonly sampleNotOk: string | null;
  /** Numbers used, including the warm-up; the next plan begins after them. */
  readonly numbersUsed: number;
}
