/** What the downloader is told, as JSON in its first argument, and what it prints when it is done. */
export interface DownloadPlan {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** Processes whose memory and CPU time count as the server's. */
  readonly serverPids: readonly number[];
}

export interface Download {
  readonly bytesPerSecond: number;
  /** Resident memory at its highest, less what it was before. */
  readonly addedBytes: number;
  readonly cpuMicrosPerMiB: number;
}
