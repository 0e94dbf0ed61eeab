/** Reads `.env` in the current directory. */
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';

/**
 * Adds the file's variables to the environment; variables that are already set win. Returns false if there is no file.
 * Throws `ConfigError`.
 */
export function readEnvFile(): boolean {
  if (!existsSync('.env')) return false;
  for (const [name, value] of Object.entries(parseEnvFile(readText()))) process.env[name] ??= value;
  return true;
}

function readText(): string {
  try {
    return readFileSync('.env', 'utf8');
  } catch (cause) {
    throw new ConfigError([`.env cannot be read: ${(cause as NodeJS.ErrnoException).code}`], { cause });
  }
}

/** A variable and its value: quoted, over as many lines as it takes, or up to the end of its line. */
const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(?:(["'`])[\s\S]*?\2|([^\r\n]*))/gm;

/**
 * Throws `ConfigError` for an unquoted value with a `#` inside a word: Node.js would cut it there, and Docker Compose
 * would not.
 */
export function parseEnvFile(text: string): Readonly<Record<string, string | undefined>> {
  // Editors of Windows begin a file with a byte-order mark, which would be part of the first variable's name.
  const plain = text.replace(/^\uFEFF/, '');
  const cut = [...plain.matchAll(assignment)].filter(([, , , unquoted = '']) => /^[^#]*[^#\s]#/.test(unquoted));
  if (cut.length > 0) {
    throw new ConfigError(
      cut.map(([, name]) => `${name} in .env has a "#" in its value, which begins a comment: put the value in quotes`),
    );
  }
  return parseEnv(plain);
}
