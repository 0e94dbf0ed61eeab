/** The outcome of a probe, in a form to compare with the previous one: rows are written only when it changes. */
import type { ProbeResult } from './probe.ts';

/** `ok`, `paused` (the provider asked for a pause, or the probe was cancelled), or the fault. */
export type ProbeOutcome = string;

/** The outcome of a probe's result. */
export function outcomeOf({ ok, fault }: Pick<ProbeResult, 'ok' | 'fault'>): ProbeOutcome {
  if (ok === null) return 'paused';
  return ok ? 'ok' : `fault: ${fault}`;
}
