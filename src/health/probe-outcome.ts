/** The outcome of a probe, as compared with the previous one: rows are written when it changes. */
import type { ProbeResult } from './probe.ts';

/** `ok`, `paused` (the provider asked for a pause, or the probe was given up), or the fault in words. */
export type ProbeOutcome = string;

export function outcomeOf({ ok, fault }: Pick<ProbeResult, 'ok' | 'fault'>): ProbeOutcome {
  if (ok === null) return 'paused';
  return ok ? 'ok' : `fault: ${fault}`;
}
