/** Faults of the environment that only show when it is used: a database that is not there, a port that is taken. */
import { ConfigError } from './config.ts';

/** Rejects with `ConfigError`, naming the variable, where `work` fails. `null`: what fails is no variable's fault. */
export async function attributeToVariable<T>(variable: string | null, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (variable === null || error instanceof ConfigError) throw error;
    throw new ConfigError([`${variable}: ${reasonOf(error)}`], { cause: error });
  }
}

/** A name with several addresses fails once for each, and the whole says nothing. */
function reasonOf(error: unknown): string {
  const all = error instanceof AggregateError ? error.errors : [error];
  return all.map((one) => (one instanceof Error ? one.message : String(one)).replaceAll('\n', ' ')).join('; ');
}
