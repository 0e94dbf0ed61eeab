/** Updates the documents from the providers' facts; run it after a vendor was added or changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describedFiles } from './describe-providers.ts';

for (const [path, describe] of Object.entries(describedFiles))
  writeFileSync(path, describe(readFileSync(path, 'utf8')));
