/**
 * Returns the memory of an idle process to the system. V8 lets the young generation grow to 128 MiB under load and
 * keeps it, and even an idle start leaves 20 MiB of garbage in it. A small young generation would use less, but cost
 * each call a fifth more CPU: more objects survive its more frequent collections.
 *
 * A full collection blocks the process for 0.1 to 0.3 s, so it runs only while there are no calls, and only if memory
 * has grown.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Logger } from '../logger.ts';

export interface IdleMemory {
  /** Notes that a request was answered: the process is not idle. */
  noteWork(): void;
  close(): void;
}

export interface IdleMemoryDeps {
  /** Excludes the pause of a collection from the stalls. */
  readonly stalls: { excuse(run: () => void): void };
  readonly logger: Pick<Logger, 'debug'>;
  /** A full garbage collection that also shrinks the young generation. Default: V8's. */
  readonly collect?: () => void;
  /** Resident memory in bytes. */
  readonly residentBytes?: () => number;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

const checkEveryMs = 5_000;
/**
 * The process is idle after this many checks without a call between them. After calls others may soon follow, and the
 * young generation that they fill has grown to their size: in the seconds after a collection a call costs a fifth more.
 */
const idleChecks = { afterStart: 2, afterCalls: 12 };
/** A smaller growth since the last collection is not worth one. */
const worthBytes = 8 * 1024 ** 2;

/** Starts the timer; it does not keep the process alive. */
export function startIdleMemory({
  stalls,
  logger,
  collect = collectGarbage,
  residentBytes = process.memoryUsage.rss,
  now = () => performance.now(),
}: IdleMemoryDeps): IdleMemory {
  let hasWorked = false;
  let quietChecks = 0;
  let neededChecks = idleChecks.afterStart;
  /** Resident memory after the last collection. */
  let restingBytes = 0;

  const release = (run: () => void): void => {
    const before = residentBytes();
    if (before - restingBytes < worthBytes) return;
    const startedAtMs = now();
    stalls.excuse(run);
    restingBytes = residentBytes();
    const released = { released_bytes: before - restingBytes, duration_ms: Math.round(now() - startedAtMs) };
    logger.debug(released, 'returned the memory of an idle process');
  };
  const timer = setInterval(() => {
    if (hasWorked) neededChecks = idleChecks.afterCalls;
    quietChecks = hasWorked ? 0 : quietChecks + 1;
    hasWorked = false;
    if (quietChecks >= neededChecks) release(collect);
  }, checkEveryMs).unref();

  return {
    noteWork() {
      hasWorked = true;
    },
    close: () => clearInterval(timer),
  };
}

/**
 * `last-resort` shrinks the young generation and frees its pages; a plain full collection frees neither. V8 exposes its
 * collection only to contexts made under a flag. Given to the process from its start, the flag would slow the start by a
 * tenth, because Node's own compiled code is refused under other flags than those it was built with.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  try {
    const collect = runInNewContext('gc') as NodeJS.GCFunction;
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
