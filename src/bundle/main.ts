/** `main.mjs` of the bundle: the process of the service. */
import { loadProgram } from './load-program.ts';
import type * as Program from './program.ts';

const { exports, keepCompiled } = loadProgram<typeof Program>(import.meta.dirname, bundleId);
await exports.startProcess();
keepCompiled();
