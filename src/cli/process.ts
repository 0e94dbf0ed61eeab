/** The process that runs `runCli`. */
import { parseConfig } from '../config/config.ts';
import { readEnvFile } from '../config/env-file.ts';
import { exitCodes } from './command.ts';
import { runCli } from './run-cli.ts';

/** Runs the command of the process's arguments, and sets its exit code. */
export async function runCommand(): Promise<void> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal ends the process at once.
      if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
      interruption.abort();
    });
  }
  // `cli … | head` closes stdout, which ends the work.
  process.stdout.on('error', () => process.exit(exitCodes.done));

  process.exitCode = await runCli({
    args: process.argv.slice(2),
    out: process.stdout,
    err: process.stderr,
    config: () => {
      readEnvFile();
      return parseConfig(process.env);
    },
    interrupted: interruption.signal,
  });
}
