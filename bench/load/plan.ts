/** What the load generator is told, as JSON in its first argument, and what it prints when it is done. */
export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** Measured from the end of this on. */
  readonly warmUpMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Here, in the path and in the headers `{n}` becomes the request's number, counted on from `firstNumber`; `{i}` its index. */
  readonly bodyTemplate: string;
  readonly firstNumber: number;
  /** Indexes never begin again. Default: 0. */
  readonly firstIndex?: number;
  /** Numbers begin again after so many; null: never. */
  readonly distinctNumbers: number | null;
  /** Processes whose CPU time counts as the server's. */
  readonly serverPids: readonly number[];
  /** By the store's name its process, whose children count too. Default: none. */
  readonly storePids?: Readonly<Record<string, number>>;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** User and system time of the server's processes a request; null where the system does not tell. */
  readonly serverCpuMicros: number | null;
  /** The same of each store. */
  readonly storeCpuMicros: Readonly<Record<string, number>>;
  /** Replies other than 200, warm-up included. */
  readonly notOk: number;
  /** One of them, whole. */
  readonly sampleNotOk: string | null;
  /** Numbers used, warm-up included: the next plan begins after them. */
  readonly numbersUsed: number;
}
