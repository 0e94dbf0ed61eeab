/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { benches } from './benches.ts';
import type { Effort } from './rounds.ts';
import { parseStages, type Stage, stages } from './stages.ts';

export interface RunOptions {
  /** Benchmarks to run, in order. */
  readonly names: readonly string[];
  readonly effort: Effort;
  /** Stages that the benchmark of stages switches off, one after the other. */
  readonly without: readonly Stage[];
  /** Folder of an earlier checkout to measure beside this one; empty: none. */
  readonly beside: string;
  /** Every benchmark at full effort: only such a run writes `docs/performance.md`. */
  readonly isWhole: boolean;
}

/** Reported with the usage text and exit code 2. */
export class UsageError extends Error {}

const settings = {
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '4' },
  without: { type: 'string', default: '' },
  beside: { type: 'string', default: '' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** null if help is asked for. Throws `UsageError`. */
export function parseOptions(args: readonly string[]): RunOptions | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const unknown = positionals.filter((name) => !(name in benches));
  if (unknown.length > 0) throw new UsageError(`no such benchmark: ${unknown.join(', ')}`);
  const without = stagesOf(values.without);
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (!(Number.isInteger(rounds) && rounds >= 1)) throw new UsageError('--rounds must be a whole number of at least 1');
  if (!(seconds > 0)) throw new UsageError('--seconds must be more than 0');
  const asked = new Set([
    ...(without.length > 0 ? ['stages'] : []),
    ...(values.beside === '' ? [] : ['beside']),
    ...positionals,
  ]);
  if (asked.has('stages') && without.length === 0) throw new UsageError('stages needs --without LIST');
  if (asked.has('beside') && values.beside === '') throw new UsageError('beside needs --beside FOLDER');
  return {
    names: asked.size > 0 ? [...asked] : namesOfAll(values.quick),
    effort: values.quick ? quickEffort : fullEffort(rounds, seconds),
    without,
    beside: values.beside,
    isWhole: asked.size === 0 && !values.quick,
  };
}

/** One round of each variant. */
const quickEffort: Effort = {
  rounds: 1,
  durationMs: 2_000,
  warmUpMs: 1_000,
  warmUpRounds: 1,
  leadInMs: 12_000,
  isQuick: true,
};

function fullEffort(rounds: number, seconds: number): Effort {
  const durationMs = seconds * 1_000;
  return {
    rounds,
    durationMs,
    warmUpMs: Math.min(2_000, durationMs / 2),
    warmUpRounds: 3,
    leadInMs: 40_000,
    isQuick: false,
  };
}

function namesOfAll(isQuick: boolean): readonly string[] {
  return Object.entries(benches)
    .filter(([, { isOnRequest, isSlow }]) => isOnRequest === undefined && !(isQuick && isSlow))
    .map(([name]) => name);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: settings });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function stagesOf(text: string): readonly Stage[] {
  try {
    return parseStages(text);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export function describeUsage(): string {
  const names = Object.entries(benches).map(
    ([name, { what, isOnRequest, isSlow }]) =>
      `  ${name.padEnd(15)} ${what}${isOnRequest ? ' (only by name)' : isSlow ? ' (not in a quick run)' : ''}`,
  );
  return `npm run bench [-- NAME …] [--rounds 3] [--seconds 4] [--quick] [--without STAGE,…] [--beside FOLDER]

Measures our paths and their peers in turn, in the same run. Prints ratios beside their aims and writes
them to bench/results/; a run of all benchmarks also writes docs/performance.md. A missed aim is no error.

${names.join('\n')}

  --rounds N      rounds that count; the figures are their medians (default 3)
  --seconds N     seconds of each variant in a round (default 4)
  --quick         under four minutes: one round, little warm-up, no peer that must be installed. Its figures are
                  too rough to judge an aim
  --without LIST  the cost of each of these stages of an uncached geocode, switched off one after the other:
                  ${stages.join(', ')}
  --beside FOLDER compares with an earlier checkout in FOLDER, with its packages installed
  --help          this text
`;
}
