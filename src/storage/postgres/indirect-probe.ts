/**
 * Asks the other replicas over PostgreSQL whether they reach Redis, before this replica treats Redis as away: perhaps
 * only this one cannot reach it. This is the indirect probe of SWIM (Das, Gupta and Motivala, 2002), over NOTIFY. Every
 * replica that receives the question tries Redis and answers with the result. The asker waits until one reaches Redis,
 * or all expected replicas have answered, or a second has passed.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../logger.ts';
import type { SharedStore } from '../redis/shared-store.ts';
import type { Database } from './database.ts';
import { notify } from './notify.ts';

/** How many of the other replicas gave each answer. */
export interface RedisViews {
  readonly reached: number;
  /** Replicas that reached Redis earlier but do not now. */
  readonly away: number;
  /** Replicas that have not reached Redis since they started. */
  readonly never: number;
}

export interface IndirectProbe {
  /**
   * Never rejects; the report is empty if the database is away too. `expected`: how many other replicas seem to be
   * alive.
   */
  ask(expected: number): Promise<RedisViews>;
  close(): Promise<void>;
}

type View = keyof RedisViews;
type Message = { readonly ask: string; readonly by: string } | { readonly answer: string; readonly view: View };

const channel = 'redis_indirect_probe';
const answerWaitMs = 1_000;
/** The report if there is no replica to ask. */
export const noViews: RedisViews = { reached: 0, away: 0, never: 0 };

interface Question {
  readonly expected: number;
  views: RedisViews;
  end(): void;
}

export async function openIndirectProbe(deps: {
  readonly db: Pick<Database, 'listen' | 'querySystem'>;
  readonly store: Pick<SharedStore, 'isAvailable' | 'wasAvailable' | 'get'>;
  readonly logger: Logger;
}): Promise<IndirectProbe> {
  const { db, store, logger } = deps;
  const replicaId = randomUUID();
  /** Open questions. The limiter asks one at a time. */
  const questions = new Map<string, Question>();

  const send = (message: Message): Promise<void> => notify(db, channel, JSON.stringify(message));

  const tryRedis = async (): Promise<View> => {
    if (store.isAvailable()) {
      try {
        await store.get('indirect-probe');
        return 'reached';
      } catch {
        // The return below reports the failure.
      }
    }
    return store.wasAvailable() ? 'away' : 'never';
  };

  const answer = async (ask: string): Promise<void> => {
    try {
      await send({ answer: ask, view: await tryRedis() });
    } catch (error) {
      logger.debug({ err: error }, 'could not answer a replica that asked whether Redis is reachable');
    }
  };

  const hear = (question: Question, view: View): void => {
    const views = { ...question.views, [view]: question.views[view] + 1 };
    question.views = views;
    const heard = views.reached + views.away + views.never;
    if (view === 'reached' || heard >= question.expected) question.end();
  };

  const unlisten = await db.listen(channel, (payload) => {
    const message = parseMessage(payload);
    if (message === null) return;
    if ('ask' in message) {
      if (message.by !== replicaId) void answer(message.ask);
      return;
    }
    const question = questions.get(message.answer);
    if (question !== undefined) hear(question, message.view);
  });

  return {
    async ask(expected) {
      const id = randomUUID();
      const ended = Promise.withResolvers<void>();
      const question: Question = { expected: Math.max(1, expected), views: noViews, end: ended.resolve };
      questions.set(id, question);
      // Read the sockets once more before giving up: if this process was busy, answers may lie unread.
      const timer = setTimeout(() => setImmediate(ended.resolve), answerWaitMs);
      try {
        await send({ ask: id, by: replicaId });
        await ended.promise;
      } catch (error) {
        logger.debug({ err: error }, 'could not ask the other replicas whether Redis is reachable');
      } finally {
        clearTimeout(timer);
        questions.delete(id);
      }
      return question.views;
    },
    async close() {
      for (const question of questions.values()) question.end();
      await unlisten();
    },
  };
}

const views: readonly string[] = ['reached', 'away', 'never'] satisfies View[];

/** Returns null for messages of a newer version, and for the null after a reconnect. */
function parseMessage(payload: string | null): Message | null {
  try {
    const { ask, by, answer, view } = JSON.parse(payload ?? 'null') as Record<string, unknown>;
    if (typeof ask === 'string' && typeof by === 'string') return { ask, by };
    return typeof answer === 'string' && views.includes(view as string) ? { answer, view: view as View } : null;
  } catch {
    return null;
  }
}
