/** What a probe came to, as far as it is compared with the one before: rows are written where it changes. */
import type { ProbeResult } from './probe.ts';

/** `ok`, `paused` (the provider asked for a pause, or the probe was given up), or the fault in words. */
export type ProbeOutcome = string;

export function outcomeOf({ ok, fault }: Pick<ProbeResult, 'ok' | 'fault'>): ProbeOutcome {
  if (ok === null) return 'paused';
  return ok ? 'ok' : `fault: ${fault}`;
}
