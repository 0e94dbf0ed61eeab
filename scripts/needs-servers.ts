/** Which test files need servers: those whose imports include a helper that opens one. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Helpers in `test/support` that connect to a server or start a process. */
const serverHelpers: ReadonlySet<string> = new Set(
  ['broker', 'database', 'redis', 'redis-server', 'redis-cluster', 'replica-process', 'service', 'service-process'].map(
    (name) => `test/support/${name}.ts`,
  ),
);
/** A test that itself starts one of our programs or the browser. */
const startsAProcess = /(?:spawn|execFile|fork)(?:Sync)?\(|chromium\.launch|openEmbeddedPostgres\(/;
const importOf = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+\.tsx?)'/g;

/**
 * True if the file, or a test helper that it imports, opens or starts something. `file`: relative to the project's
 * root.
 */
export function needsServers(file: string, seen: Set<string> = new Set()): boolean {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  if (serverHelpers.has(file)) return true;
  const text = readFileSync(file, 'utf8');
  const isTest = file.endsWith('.test.ts') || file.startsWith('test/');
  if (!isTest) return false; // Importing production code opens nothing.
  if (startsAProcess.test(text)) return true;
  return [...text.matchAll(importOf)].some(([, target = '']) =>
    needsServers(normalize(join(dirname(file), target)), seen),
  );
}
