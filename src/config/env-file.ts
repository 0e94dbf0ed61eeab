/** `.env` of the folder that the program is started in. */
import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { ConfigError } from './config.ts';

/**
 * Adds the file's variables to the environment; variables already set there win. Returns false if there is no such
 * file.
 */
export function readEnvFile(): boolean {
  if (!existsSync('.env')) return false;
  try {
    loadEnvFile('.env');
    return true;
  } catch (cause) {
    throw new ConfigError([`.env cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'it is no such file'}`], {
      cause,
    });
  }
}
