/** The input of the downloader, as JSON in its first argument, and its output. */
export interface DownloadPlan {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** Processes whose memory and CPU time count as the server's. */
  readonly serverPids: readonly number[];
}

export interface Download {
  readonly bytesPerSecond: number;
  /** Peak resident memory above the start. */
  readonly addedBytes: number;
  readonly cpuMicrosPerMiB: number;
}
