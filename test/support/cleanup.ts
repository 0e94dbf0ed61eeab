import type { TestContext } from 'node:test';

/** The part of a test's context that helpers need to clean up after themselves. */
export type Cleanup = Pick<TestContext, 'after'>;

const reversed = new WeakSet<Cleanup>();

/**
 * Makes what is registered with `t.after` from now on run last in, first out: node:test runs it in the order of
 * registration, which would drop a database under the relay that was started on it. Every helper calls this first; one
 * that fails does not keep the others from running.
 */
export function closeInReverse(t: Cleanup): void {
  if (reversed.has(t)) return;
  reversed.add(t);
  const opened: (() => unknown)[] = [];
  t.after(async () => {
    const errors: unknown[] = [];
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'several things could not be closed after the test');
  });
  Object.defineProperty(t, 'after', { value: (close: () => unknown) => void opened.push(close) });
}
