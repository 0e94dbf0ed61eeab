import type { Logger } from '../logger.ts';

export interface Listeners<T> {
  /** Returns the function that removes it again. */
  add(listener: (value: T) => void): () => void;
  /** One that throws disturbs neither the others nor the teller. */
  tell(value: T): void;
  count(): number;
}

export function createListeners<T>(logger: Logger): Listeners<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    add(listener) {
      // Wrapped: a function added twice is two listeners.
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
