/**
 * `npm run three-replicas [-- seconds]`: puts three replicas on real PostgreSQL, Redis and RabbitMQ under load, and
 * kills one with SIGKILL. Prints the counts, and exits with 1 if anything acknowledged was lost, the provider's quota
 * was exceeded, or the other two stopped answering.
 *
 * The default of 150 s covers more than two whole minutes of the quota, each rolling minute of which must stay within
 * it.
 */
import type { KillDrillCounts } from '../test/support/kill-drill.ts';
import { ensureTestServices } from './test-services.ts';

const defaultSeconds = 150;
const googlePerMinute = 60;
/** At least this share of the quota must be usable. */
const usableShare = 0.95;

const seconds = Number(process.argv[2] ?? defaultSeconds);
if (!(seconds > 0)) throw new RangeError('the number of seconds must be above 0');
const services = await ensureTestServices((line) => console.log(line));
Object.assign(process.env, services.env);
const { runKillDrill } = await import('../test/support/kill-drill.ts'); // Reads the servers' addresses when it is imported.

const closers: (() => unknown)[] = [];
try {
  const counts = await runKillDrill(
    { after: (close) => void closers.push(close as () => unknown) },
    {
      durationMs: seconds * 1_000,
      googlePerMinute,
      callersPerReplica: 8,
      redisDatabase: 9,
      log: (line) => console.log(line),
    },
  );
  const broken = report(counts);
  for (const guarantee of broken) console.log(`BROKEN: ${guarantee}`);
  if (broken.length > 0) process.exitCode = 1;
} finally {
  for (const close of closers.reverse()) await close();
  await services.close();
}

/** Prints the counts and returns the guarantees that they break. */
function report(counts: KillDrillCounts): string[] {
  const lines: [string, string | number][] = [
    ['calls acknowledged with 200', counts.acknowledged],
    ['of them after the kill, by the other two', counts.acknowledgedAfterKill],
    ['calls to living replicas that failed', counts.failed.length],
    ['calls in flight at the killed replica', counts.lostInHand],
    ['acknowledged calls in the audit log', counts.audited],
    ['acknowledged calls with a published event', counts.announced],
    ['events consumed', counts.eventsConsumed],
    ['events delivered again', counts.eventsRepeated],
    ['calls that the emulated Google received', counts.googleReceived],
    ['its busiest rolling minute, of 60', counts.googleMaxPerMinute],
  ];
  for (const [name, value] of lines) console.log(`${name.padEnd(42)} ${String(value).padStart(8)}`);

  const guarantees: [string, boolean][] = [
    ['every acknowledged call is in the audit log', counts.audited === counts.acknowledged],
    ['every acknowledged call has a published event', counts.announced === counts.acknowledged],
    ['the quota was never exceeded', counts.googleMaxPerMinute <= googlePerMinute],
    [
      'the quota was usable',
      seconds < 120 || counts.googleReceived >= usableShare * googlePerMinute * Math.floor(seconds / 60),
    ],
    [`the others kept answering (${counts.failed[0] ?? 'none'})`, counts.failed.length === 0],
    ['the others answered after the kill', counts.acknowledgedAfterKill > 0],
  ];
  return guarantees.filter(([, holds]) => !holds).map(([guarantee]) => guarantee);
}
