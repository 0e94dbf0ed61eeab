/** `program.cjs` of the bundle: all code, with a function for each process that may run it. */
export { runCommand } from '../cli/process.ts';
export { startProcess } from '../composition/process.ts';
