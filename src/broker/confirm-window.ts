/**
 * Limits how many messages wait for their confirm at once. Awaiting each confirm would cost a round trip per message,
 * and without a limit the socket's buffer would grow without bound. Further messages wait in order, up to a number and
 * a deadline.
 */
import { BrokerAway } from './broker-away.ts';

export interface ConfirmWindow {
  /** Runs `publish` when there is room. Rejects with `BrokerAway` if too many messages wait, or at the deadline. */
  run(publish: () => Promise<void>): Promise<void>;
}

export interface ConfirmWindowOptions {
  /** Maximum messages in flight. */
  readonly size: number;
  /** Maximum messages that wait for a place; more are refused at once. */
  readonly maxWaiting: number;
  /** For waiting and confirmation together. */
  readonly deadlineMs: number;
}

interface Task {
  readonly publish: () => Promise<void>;
  readonly done: PromiseWithResolvers<void>;
  settled: boolean;
}

/** Creates an empty window. */
export function createConfirmWindow({ size, maxWaiting, deadlineMs }: ConfirmWindowOptions): ConfirmWindow {
  const waiting: (Task | undefined)[] = [];
  /** Index of the queue's first entry, because shifting a long array at each confirm would be slow. */
  let head = 0;
  let inFlight = 0;

  const next = (): void => {
    while (inFlight < size && head < waiting.length) {
      const task = waiting[head] as Task;
      waiting[head] = undefined; // Releases the message's memory.
      head += 1;
      if (head > 1_024) {
        waiting.splice(0, head);
        head = 0;
      }
      if (!task.settled) start(task);
    }
  };

  const start = (task: Task): void => {
    inFlight += 1;
    task
      .publish()
      .then(task.done.resolve, (cause) => task.done.reject(new BrokerAway('the message was not confirmed', cause)))
      .finally(() => {
        inFlight -= 1;
        next();
      });
  };

  return {
    async run(publish) {
      if (waiting.length - head >= maxWaiting) throw new BrokerAway('too many messages wait to be published');
      const task: Task = { publish, done: Promise.withResolvers(), settled: false };
      const timer = setTimeout(
        () => task.done.reject(new BrokerAway(`no confirmation in ${deadlineMs} ms`)),
        deadlineMs,
      );
      waiting.push(task);
      next();
      try {
        await task.done.promise;
      } finally {
        task.settled = true;
        clearTimeout(timer);
      }
    },
  };
}
