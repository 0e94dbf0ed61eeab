/**
 * Reports outages of PostgreSQL, the only problem whose mark cannot be stored there. The mark is in Redis; while Redis
 * is away too, each replica reports. The replica that reported the beginning also reports the end. Unsent messages stay
 * in memory.
 */
import { databaseAway } from '../health/problem-words.ts';
import type { SharedStore } from '../storage/redis/shared-store.ts';
import { type AlertTerms, maxAttempts, messagesOf, type NewMessage } from './alert-terms.ts';
import { endAfterMs, type ProblemMark, reportAfterMs } from './plan-alerts.ts';
import type { Alert } from './render-alert.ts';
import { sendAlert } from './send-alert.ts';

export interface OutageReporterDeps extends AlertTerms {
  readonly store: Pick<SharedStore, 'setIfAbsent' | 'deleteIfEqual'>;
}

const markKey = 'alerts:database_away';
const markTtlMs = 7 * 86_400_000;

interface Unsent extends NewMessage {
  attemptCount: number;
  notBeforeMs: number;
}

/** Creates the reporter; call `report` in every round. */
export function createOutageReporter(deps: OutageReporterDeps): { report(isDatabaseUp: boolean): Promise<void> } {
  const { store, clock, logger } = deps;
  let awaySinceMs: number | null = null;
  let upSinceMs: number | null = null;
  let isMarkAsked = false;
  let isReportedWithoutMark = false;
  let unsent: Unsent[] = [];

  const takeMark = async (sinceMs: number): Promise<boolean> => {
    try {
      return await store.setIfAbsent(markKey, String(sinceMs), markTtlMs);
    } catch (error) {
      logger.warn({ err: error }, 'Redis is away too: each replica reports the outage');
      isReportedWithoutMark = true;
      return true;
    }
  };

  const endMark = async (sinceMs: number): Promise<boolean> => {
    try {
      return (await store.deleteIfEqual(markKey, String(sinceMs))) || isReportedWithoutMark;
    } catch (error) {
      logger.warn({ err: error }, 'could not remove the mark of an outage from Redis');
      return isReportedWithoutMark;
    }
  };

  const report = (alert: Alert): void => {
    for (const message of messagesOf(deps, alert)) unsent.push({ ...message, attemptCount: 0, notBeforeMs: 0 });
  };

  const sendOne = async (message: Unsent): Promise<'settled' | 'waits'> => {
    const nowMs = clock.now();
    if (message.notBeforeMs > nowMs) return 'waits';
    message.attemptCount += 1;
    const { channel, attemptCount } = message;
    const outcome = await sendAlert(deps.outbound, deps.channels, message, nowMs);
    if (outcome.sent) {
      deps.metrics.alertSettled(channel, 'sent');
      return 'settled';
    }
    const isLast = attemptCount >= maxAttempts;
    deps.metrics.alertSettled(channel, isLast ? 'given_up' : 'failed');
    logger.warn({ channel, reason: outcome.reason, attemptCount, isLast }, 'could not send the alert of an outage');
    message.notBeforeMs = nowMs + (outcome.retryAfterMs ?? 0);
    return isLast ? 'settled' : 'waits';
  };

  const handleAway = async (nowMs: number): Promise<void> => {
    upSinceMs = null;
    awaySinceMs ??= nowMs;
    if (isMarkAsked || nowMs - awaySinceMs < reportAfterMs) return;
    isMarkAsked = true;
    if (await takeMark(awaySinceMs)) report({ begun: [outageOf(awaySinceMs, null)], ended: [] });
  };

  const handleUp = async (nowMs: number): Promise<void> => {
    if (awaySinceMs === null) return;
    upSinceMs ??= nowMs;
    if (nowMs - upSinceMs < endAfterMs) return;
    if (isMarkAsked && (await endMark(awaySinceMs))) {
      report({ begun: [], ended: [outageOf(awaySinceMs, upSinceMs)] });
    }
    awaySinceMs = null;
    upSinceMs = null;
    isMarkAsked = false;
    isReportedWithoutMark = false;
  };

  return {
    async report(isDatabaseUp) {
      await (isDatabaseUp ? handleUp : handleAway)(clock.now());
      const waiting: Unsent[] = [];
      for (const message of unsent) if ((await sendOne(message)) === 'waits') waiting.push(message);
      unsent = waiting;
    },
  };
}

function outageOf(sinceMs: number, endedMs: number | null): ProblemMark {
  return {
    key: 'database_away',
    tenant: '',
    problem: { ...databaseAway, since: new Date(sinceMs).toISOString() },
    begunAt: new Date(sinceMs),
    missingSince: endedMs === null ? null : new Date(endedMs),
    toldAt: null,
  };
}
