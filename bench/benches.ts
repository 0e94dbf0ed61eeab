/**
 * The benchmarks by name. Each module is imported when its benchmark runs, because it then reads the servers'
 * addresses.
 */
import type { Cleanup } from '../test/support/cleanup.ts';
import type { BenchRow } from './report.ts';
import type { Effort } from './rounds.ts';
import type { Stage } from './stages.ts';

/** Each benchmark uses the members that it needs. */
export interface BenchRequest extends Effort {
  /** Stages to switch off, one after the other. */
  readonly without: readonly Stage[];
  /** Folder of an earlier checkout with its packages installed; empty: none. */
  readonly beside: string;
}

export type Bench = (t: Cleanup, asked: BenchRequest) => Promise<BenchRow[]>;

export interface NamedBench {
  /** One line for `--help`. */
  readonly what: string;
  /** Runs only by name: it answers a special question, or needs a separate run. */
  readonly isOnRequest?: true;
  /** Not part of a quick run without names, which takes four minutes. */
  readonly isSlow?: true;
  load(): Promise<Bench>;
}

export const benches: Readonly<Record<string, NamedBench>> = {
  cached: {
    what: 'a cached geocode, from memory and from Redis, beside bare Fastify and nginx',
    load: async () => (await import('./rows/cached.ts')).benchCachedGeocode,
  },
  uncached: {
    what: "an uncached geocode beside Portkey's gateway and bare Fastify with undici",
    load: async () => (await import('./rows/uncached.ts')).benchUncachedGeocode,
  },
  webhooks: {
    what: 'webhooks accepted and published, beside a tuned and a plain receiver',
    load: async () => (await import('./rows/webhooks.ts')).benchWebhooks,
  },
  'webhook-store': {
    what: "keeping a webhook, beside pgbench's single-row insert",
    load: async () => (await import('./rows/webhook-store.ts')).benchWebhookStore,
  },
  streams: {
    what: 'a large body through the proxy, beside nginx',
    load: async () => (await import('./rows/streams.ts')).benchStreams,
  },
  growth: {
    what: 'CPU per call with many tenants, services, webhooks, cached answers and replicas, beside few',
    load: async () => (await import('./rows/growth.ts')).benchGrowth,
  },
  start: {
    what: 'the bundle from spawn to ready, and its memory at rest',
    load: async () => (await import('./rows/start.ts')).benchStart,
  },
  logs: {
    what: 'a page of the audit log and a cost report over ten million rows',
    isSlow: true,
    load: async () => (await import('./rows/logs.ts')).benchLogs,
  },
  recording: {
    what: "uncached geocodes with and without the audit chain's digests",
    isSlow: true,
    load: async () => (await import('./rows/recording.ts')).benchRecording,
  },
  limiter: {
    what: 'four windows for 1, 64 and 1,000 tenants, beside a union of rate-limiter-flexible',
    load: async () => (await import('./rows/in-process.ts')).benchLimiter,
  },
  outbox: {
    what: 'the drain of the outbox, beside one awaited publish at a time',
    load: async () => (await import('./rows/in-process.ts')).benchOutbox,
  },
  gateway: {
    what: 'the call pipeline alone, in this process',
    load: async () => (await import('./rows/in-process.ts')).benchGateway,
  },
  deadlines: {
    what: 'deadlines beside AbortSignal.timeout',
    load: async () => (await import('./rows/in-process.ts')).benchDeadlines,
  },
  addresses: {
    what: 'normalising addresses',
    load: async () => (await import('./rows/in-process.ts')).benchAddresses,
  },
  stages: {
    what: 'what each stage of an uncached geocode costs; needs --without',
    isOnRequest: true,
    load: async () => (await import('./rows/stages.ts')).benchStages,
  },
  beside: {
    what: 'this checkout beside an earlier one; needs --beside',
    isOnRequest: true,
    load: async () => (await import('./rows/beside.ts')).benchBeside,
  },
};
