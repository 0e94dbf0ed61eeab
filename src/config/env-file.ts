/** Reads `.env` in the current directory. */
import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { ConfigError } from './config.ts';

/**
 * Adds the file's variables to the environment; variables that are already set win. Returns false if there is no file.
 */
export function readEnvFile(): boolean {
  if (!existsSync('.env')) return false;
  try {
    loadEnvFile('.env');
    return true;
  } catch (cause) {
    throw new ConfigError(
      [`.env cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'it has an invalid format'}`],
      {
        cause,
      },
    );
  }
}
