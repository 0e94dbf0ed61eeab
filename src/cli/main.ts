/** `npm run cli -- …`: the process of a command, from its sources. */
import { runCommand } from './process.ts';

await runCommand();
