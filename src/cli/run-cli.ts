/** Runs one command line and returns its exit code. */
import { type Config, ConfigError } from '../config/config.ts';
import { ServiceError } from '../errors.ts';
import { type Command, CommandFailed, exitCodes, UsageError } from './command.ts';
import { doctorCommand } from './doctor/command.ts';
import { geocodeCommand } from './geocode/command.ts';
import { createHelp, describeAll, describeCommand, renderCommandHelp, renderOverview } from './help.ts';
import { logsErase } from './logs-erase.ts';
import { logsTail } from './logs-tail.ts';
import { logsVerify } from './logs-verify.ts';
import { migrateCommand } from './migrate.ts';
import { findCommand, readInput } from './read-arguments.ts';
import { secretEncrypt } from './secret-encrypt.ts';
import { secretRotate } from './secret-rotate.ts';
import { servicesExport, servicesImport } from './services/command.ts';
import { createTerminal, type Screen } from './terminal.ts';
import { tokenCreate } from './token-create.ts';
import { tokenList, tokenRevoke } from './token-manage.ts';

export const commands: readonly Command[] = [
  createHelp(() => commands),
  migrateCommand,
  tokenCreate,
  tokenList,
  tokenRevoke,
  secretEncrypt,
  secretRotate,
  servicesExport,
  servicesImport,
  geocodeCommand,
  logsTail,
  logsVerify,
  logsErase,
  doctorCommand,
];

export interface CliEnvironment {
  readonly args: readonly string[];
  readonly out: Screen;
  readonly err: Screen;
  /** Throws `ConfigError`. */
  config(): Config;
  readonly interrupted: AbortSignal;
}

/** Never rejects: errors are printed and set the exit code. */
export async function runCli({ args, out, err, config, interrupted }: CliEnvironment): Promise<number> {
  const terminal = createTerminal(out, err, args.includes('--json'));
  const found = findCommand(commands, args);
  if (found === null) {
    if (args.includes('--help') || args.includes('-h')) {
      terminal.result(describeAll(commands), renderOverview(commands));
      return exitCodes.done;
    }
    const namesNone = args.every((arg) => arg.startsWith('-'));
    const fault = namesNone ? 'Which command?' : 'There is no such command.';
    if (terminal.isJson) terminal.result({ error: fault }, '');
    terminal.note(`${fault}\n\n${renderOverview(commands)}`);
    return exitCodes.usage;
  }
  const { command, rest } = found;
  try {
    const input = readInput(command, rest);
    if (input.flag('help')) {
      terminal.result(describeCommand(command), renderCommandHelp(command));
      return exitCodes.done;
    }
    const code = await command.run({ terminal, config, interrupted }, input);
    return typeof code === 'number' ? code : exitCodes.done;
  } catch (error) {
    const { code, message } = judge(error);
    if (terminal.isJson) terminal.result({ error: message }, '');
    else terminal.note(message);
    if (code === exitCodes.usage) terminal.note(`\n${renderCommandHelp(command)}`);
    return code;
  }
}

function judge(error: unknown): { code: number; message: string } {
  if (error instanceof UsageError) return { code: exitCodes.usage, message: error.message };
  if (error instanceof ConfigError) return { code: exitCodes.failed, message: error.message };
  if (error instanceof ServiceError) return { code: exitCodes.failed, message: error.publicMessage };
  if (error instanceof CommandFailed) return { code: exitCodes.failed, message: withCauses(error) };
  return { code: exitCodes.failed, message: `It failed: ${withCauses(error)}` };
}

/** One line per cause: the first says what was tried, the last why it failed. */
function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  ${withCauses(error.cause)}`;
}
