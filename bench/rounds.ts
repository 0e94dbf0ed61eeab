/** Runs variants in turn, so that noise of the machine affects all of them; the figures are medians over the rounds. */
import type { LoadResult } from './load/plan.ts';

export interface Effort {
  /** Rounds before those that count. */
  readonly warmUpRounds: number;
  /**
   * Load on the service before its first round. After 18 s of load a call still cost a third more than after 60 s,
   * because V8 compiles much of the code late; a real service runs for weeks.
   */
  readonly leadInMs: number;
  /** Whether to leave out the slowest preparations and the peers that must be installed; their rows say so. */
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly durationMs: number;
  readonly warmUpMs: number;
}

export interface Figures {
  readonly requestsPerSecond: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  /** null if the system does not report it. */
  readonly cpuMicros: number | null;
  /** The same for each store. */
  readonly storeCpuMicros: Readonly<Record<string, number>>;
}

export type Variant = () => Promise<LoadResult>;

type FiguresOf<Variants> = { [Name in keyof Variants]: null extends Variants[Name] ? Figures | null : Figures };

/**
 * The first rounds do not count, because a process still compiles its hot code, and a larger program has more to
 * compile.
 *
 * null stands for a peer that is not available. Throws if a variant answers anything but 200.
 */
export async function measureInTurn<Variants extends Readonly<Record<string, Variant | null>>>(
  variants: Variants,
  { rounds, warmUpRounds }: Pick<Effort, 'rounds' | 'warmUpRounds'>,
): Promise<FiguresOf<Variants>> {
  const results = new Map<string, LoadResult[]>();
  for (let round = 1 - warmUpRounds; round <= rounds; round += 1) {
    for (const [name, variant] of Object.entries(variants)) {
      if (variant === null) continue;
      const result = await variant();
      if (result.notOk > 0) throw new Error(`${name}: ${result.notOk} replies were not 200:\n${result.sampleNotOk}`);
      if (round > 0) results.set(name, [...(results.get(name) ?? []), result]);
    }
  }
  const figures = Object.keys(variants).map((name) => {
    const measured = results.get(name);
    return [name, measured === undefined ? null : figuresOf(measured)];
  });
  return Object.fromEntries(figures) as FiguresOf<Variants>;
}

function figuresOf(results: readonly LoadResult[]): Figures {
  const cpu = results.map(({ serverCpuMicros }) => serverCpuMicros);
  return {
    requestsPerSecond: median(results.map(({ requestsPerSecond }) => requestsPerSecond)),
    latencyMsP50: median(results.map(({ latencyMsP50 }) => latencyMsP50)),
    latencyMsP99: median(results.map(({ latencyMsP99 }) => latencyMsP99)),
    cpuMicros: cpu.includes(null) ? null : median(cpu as number[]),
    storeCpuMicros: mediansOf(results.map(({ storeCpuMicros }) => storeCpuMicros)),
  };
}

export function mediansOf(results: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(results[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(results.map((result) => result[name] ?? 0))]));
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
