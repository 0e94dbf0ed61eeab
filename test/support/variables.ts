/** The environment variables that the configuration reads, found in its source code. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const sources = ['config.ts', 'config-variables.ts', 'access-variables.ts', 'alert-variables.ts'];

/** Their names, sorted: from `src/config` and from the providers' facts. */
export function configVariables(): readonly string[] {
  const paths = [
    ...sources.map((name) => `src/config/${name}`),
    ...globSync('src/providers/*/facts.ts', { cwd: root }),
  ];
  const text = paths.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
  const found = text.match(/'[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+'|'(?:PORT|HOST|DEBUG|EMULATOR|ENVIRONMENT)'/g) ?? [];
  return [...new Set(found.map((name) => name.slice(1, -1)))].sort();
}
