/**
 * Measures the CPU time that a deadline costs a call that is answered in time: on the wheel, and with Node's own
 * timers.
 */
import { pathToFileURL } from 'node:url';
import { createDeadlines } from './deadline.ts';

export interface DeadlineBenchRow {
  readonly path: string;
  readonly against: string;
  /** Medians over the rounds. */
  readonly cpuNanos: number;
  readonly peerCpuNanos: number;
  readonly ratio: number;
}

const callsPerRound = 100_000;
/** Other deadlines are pending, as in a running service. */
const outstanding = 500;
/** The remaining time differs from call to call. */
const nextDurationMs = (): number => 2_000 + Math.floor(Math.random() * 8_000);

/** Runs the variants in turn, `rounds` times each. */
export async function runDeadlineBench(rounds = 5): Promise<DeadlineBenchRow[]> {
  const deadlines = createDeadlines();
  const parent = new AbortController().signal;
  const background: NodeJS.Timeout[] = [];
  for (let index = 0; index < outstanding; index += 1) {
    deadlines.after(600_000 + index, () => {});
    background.push(setTimeout(() => {}, 600_000 + index));
  }
  const variants = {
    wheel: () => deadlines.after(nextDurationMs(), () => {})(),
    timer: () => clearTimeout(setTimeout(() => {}, nextDurationMs())),
    wheelSignal: () => deadlines.signalAfter(nextDurationMs(), parent).clear(),
    nativeSignal: () => AbortSignal.timeout(nextDurationMs()),
    nativeWithParent: () => AbortSignal.any([parent, AbortSignal.timeout(nextDurationMs())]),
  };
  type Variant = keyof typeof variants;
  const nanos: Record<Variant, number[]> = {
    wheel: [],
    timer: [],
    wheelSignal: [],
    nativeSignal: [],
    nativeWithParent: [],
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(variants) as Variant[]) nanos[name].push(await measureCpuNanos(variants[name]));
  }
  deadlines.close();
  for (const timer of background) clearTimeout(timer);

  const median = (name: Variant): number => nanos[name].sort((a, b) => a - b)[Math.floor(rounds / 2)] as number;
  const row = (path: string, ours: Variant, against: string, peer: Variant): DeadlineBenchRow => ({
    path,
    against,
    cpuNanos: median(ours),
    peerCpuNanos: median(peer),
    ratio: median(peer) / median(ours),
  });
  return [
    row('deadline set and cleared', 'wheel', 'setTimeout and clearTimeout', 'timer'),
    row('deadline signal', 'wheelSignal', 'AbortSignal.timeout', 'nativeSignal'),
    row(
      'deadline signal under a caller’s',
      'wheelSignal',
      'AbortSignal.any over AbortSignal.timeout',
      'nativeWithParent',
    ),
  ];
}

async function measureCpuNanos(run: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let call = 0; call < callsPerRound; call += 1) {
    run();
    // Calls are spread over many turns of the event loop, in which the native signals are cleaned up too.
    if (call % 1_000 === 0) await new Promise(setImmediate);
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / callsPerRound;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await runDeadlineBench()) {
    const nanos = `${Math.round(row.cpuNanos)} against ${Math.round(row.peerCpuNanos)} ns`;
    process.stdout.write(`${row.path}: ${row.ratio.toFixed(1)} × cheaper than ${row.against} (${nanos})\n`);
  }
  // Native timeouts without a listener do not keep the process alive, but their timers still exist.
  process.exit(0);
}
