/** `cli.mjs` of the bundle: the process of a command. */
import { loadProgram } from './load-program.ts';
import type * as Program from './program.ts';

// A command uses the code that the service has kept, and keeps none itself.
await loadProgram<typeof Program>(import.meta.dirname, bundleId).exports.runCommand();
