/** Compiled code of an earlier start, so that the next compiles nothing. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** In the data folder, which is this program's alone: code must not come from a folder that others may write. */
export function compileCacheFolder(dataDir: string): string {
  return join(dataDir, 'compile-cache');
}

/**
 * For what is imported from here on. Where `NODE_COMPILE_CACHE` names a folder Node uses that one already. Where
 * the folder cannot be used the start is slower, and nothing else; a data folder that cannot be used is named later, with
 * its variable.
 */
export function useCompileCache(dataDir: string): void {
  const folder = compileCacheFolder(dataDir);
  try {
    makeFolder(dataDir);
    makeFolder(folder);
  } catch {
    return;
  }
  enableCompileCache(folder);
}
