/** Writes what the providers' facts say into the documents: after a vendor was added or changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describedFiles } from './describe-providers.ts';

for (const [path, describe] of Object.entries(describedFiles))
  writeFileSync(path, describe(readFileSync(path, 'utf8')));
