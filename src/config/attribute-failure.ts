/** Configuration errors that appear only in use: an unreachable database, a port in use. */
import { ConfigError } from './config.ts';

/**
 * Runs `work`; if it fails, rejects with a `ConfigError` that names the variable. `null`: no variable is the cause, so
 * the error is rethrown.
 */
export async function attributeToVariable<T>(variable: string | null, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (variable === null || error instanceof ConfigError) throw error;
    throw new ConfigError([`${variable}: ${reasonOf(error)}`], { cause: error });
  }
}

/** For a name with several addresses, each address has its own error and the AggregateError has no message. */
function reasonOf(error: unknown): string {
  const all = error instanceof AggregateError ? error.errors : [error];
  return all.map((one) => (one instanceof Error ? one.message : String(one)).replaceAll('\n', ' ')).join('; ');
}
