/** The interface of a command. */
import type { Config } from '../config/config.ts';
import type { Terminal } from './terminal.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** The placeholder of the value in the help: `--tenant ID`. */
  readonly hint?: string;
  readonly help: string;
}

export interface CommandInput {
  readonly positionals: readonly string[];
  /** The text of an option, or null. */
  text(name: string): string | null;
  flag(name: string): boolean;
}

export interface CommandContext {
  readonly terminal: Terminal;
  /** Throws `ConfigError`. Called only by commands that need it, so that `help` works in any environment. */
  config(): Config;
  /** Aborted by Ctrl-C: finish the work in hand, start nothing new. */
  readonly interrupted: AbortSignal;
}

export interface Command {
  /** As typed: `token create`. */
  readonly name: string;
  /** After the name in the help: `FILE.csv`. Default: it takes none. */
  readonly operands?: string;
  readonly summary: string;
  /** Further lines of its own help. */
  readonly notes?: readonly string[];
  readonly options?: Readonly<Record<string, OptionSpec>>;
  /** Resolves to the exit code; without one it is done. */
  run(context: CommandContext, input: CommandInput): Promise<number> | Promise<void>;
}

export const exitCodes = {
  done: 0,
  /** It failed, at least in part; the reason is printed. */
  failed: 1,
  /** Wrong usage; nothing was done. */
  usage: 2,
  interrupted: 130,
} as const;

/** The command line is at fault: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An error that an operator can fix: printed without a stack, exit code 1. */
export class CommandFailed extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandFailed';
  }
}
