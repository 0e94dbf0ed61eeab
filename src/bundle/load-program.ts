/**
 * Loads `program.cjs` with the functions that an earlier start compiled. Node's own compile cache holds a module as it
 * is before it runs, so nearly every function that a start calls would be compiled again: two fifths of its time.
 *
 * The compiled code lies where `NODE_COMPILE_CACHE` says, else in the data folder: code must not come from a folder
 * that others may write. Without either, and with `--enable-source-maps`, which Node offers only to modules that it
 * loads itself, the program is compiled at each start.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { compileCacheFolder } from '../files/compile-cache.ts';
import { makeFolder } from '../files/make-folder.ts';

export interface LoadedProgram<Exports> {
  readonly exports: Exports;
  /** Whether compiled code of an earlier start was used. */
  readonly isCompiled: boolean;
  /** Call it when the start is over: keeps what was compiled until now for the next one, unless that is there already. */
  keepCompiled(): void;
}

type Wrapped = (exports: object, require: NodeJS.Require, module: object, filename: string, dirname: string) => void;

const fileName = 'program.cjs';
const checksumBytes = 4;

/** `id` is different for each content of the program: V8 itself compares only its length. */
export function loadProgram<Exports extends object>(
  folder: string,
  id: string,
  env: NodeJS.ProcessEnv = process.env,
): LoadedProgram<Exports> {
  const path = join(folder, fileName);
  const require = createRequire(path);
  const cacheFolder = env.NODE_COMPILE_CACHE ?? (env.DATA_DIR === undefined ? null : compileCacheFolder(env.DATA_DIR));
  if (cacheFolder === null || process.sourceMapsEnabled) {
    return { exports: require(path) as Exports, isCompiled: false, keepCompiled() {} };
  }

  const compiled = compiledFile(cacheFolder, id);
  const cachedData = compiled.read();
  const script = new Script(readWrapped(path), {
    filename: path,
    ...(cachedData === null ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const isCompiled = cachedData !== null && script.cachedDataRejected !== true;
  const module = { exports: {} as Exports };
  (script.runInThisContext() as Wrapped)(module.exports, require, module, path, folder);
  return {
    exports: module.exports,
    isCompiled,
    keepCompiled() {
      if (!isCompiled) compiled.write(script.createCachedData());
    },
  };
}

/** As Node wraps a CommonJS module. The build writes ASCII, so a byte is a character. */
function readWrapped(path: string): string {
  const before = '(function (exports, require, module, __filename, __dirname) { ';
  return Buffer.concat([Buffer.from(before), readFileSync(path), Buffer.from('\n});')]).toString('latin1');
}

/** V8's version and flags are part of the name, because code compiled under others is refused. */
function compiledFile(folder: string, id: string) {
  const name = `program-${id}-${cachedDataVersionTag()}`;
  const path = join(folder, name);
  const unfinished = `${path}.${process.pid}`;
  const removeOthers = (): void => {
    const others = readdirSync(folder).filter((other) => other.startsWith('program-') && other !== name);
    for (const other of others) rmSync(join(folder, other), { force: true });
  };

  return {
    /** null: there is none, or it is damaged. */
    read(): Buffer | null {
      try {
        const bytes = readFileSync(path);
        const code = bytes.subarray(checksumBytes);
        return bytes.readUInt32LE(0) === crc32(code) ? code : null;
      } catch {
        return null;
      }
    },

    /** Replaces that of other builds. Where the folder cannot be written the next start is slower, and nothing else. */
    write(code: Buffer): void {
      const checksum = Buffer.alloc(checksumBytes);
      checksum.writeUInt32LE(crc32(code));
      try {
        makeFolder(folder);
        // Another replica on the same folder reads the whole file or none.
        writeFileSync(unfinished, Buffer.concat([checksum, code]), { mode: 0o600 });
        renameSync(unfinished, path);
        removeOthers();
      } catch {
        // What is left of the file goes with the next one that can be written.
      }
    },
  };
}
