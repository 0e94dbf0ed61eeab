import type { Logger } from '../logger.ts';

/** A set of callbacks. */
export interface Listeners<T> {
  /** Returns the function that removes the listener. */
  add(listener: (value: T) => void): () => void;
  /** Calls all listeners. One that throws does not affect the others or the caller. */
  callAll(value: T): void;
  count(): number;
}

/** Creates an empty set. */
export function createListeners<T>(logger: Logger): Listeners<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    add(listener) {
      // Wrapped, so that a function added twice counts as two listeners.
      const own = (value: T): void => listener(value);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    callAll(value) {
      for (const listener of listeners) {
        try {
          listener(value);
        } catch (error) {
          logger.error({ err: error }, 'a listener of the message broker failed');
        }
      }
    },
    count: () => listeners.size,
  };
}
