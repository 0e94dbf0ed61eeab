import type { Logger } from '../logger.ts';

export interface Listeners<T> {
  /** Returns the function that removes the listener. */
  add(listener: (value: T) => void): () => void;
  /** A listener that throws affects neither the other listeners nor the caller. */
  tell(value: T): void;
  count(): number;
}

export function createListeners<T>(logger: Logger): Listeners<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    add(listener) {
      // Wrapped, so that a function added twice counts as two listeners.
      const own = (value: T): void => listener(value);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    tell(value) {
      for (const listener of listeners) {
        try {
          listener(value);
        } catch (error) {
          logger.error({ err: error }, 'a listener of the message bus failed');
        }
      }
    },
    count: () => listeners.size,
  };
}
