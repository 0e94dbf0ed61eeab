/** Parses the command line: the command and its options. Throws `UsageError`. */
import { parseArgs } from 'node:util';
import { ServiceError } from '../errors.ts';
import { parseTenantId, type TenantId } from '../ids.ts';
import { type Command, type CommandInput, UsageError } from './command.ts';

/** Options of every command. */
export const commonOptions = {
  json: { type: 'boolean', help: 'print JSON on stdout, and nothing else' },
  help: { type: 'boolean', help: 'what the command does and takes' },
} as const;

export const tenantOption = { type: 'string', hint: 'ID', help: 'the tenant (default MANAGEMENT_COMPANY_ID)' } as const;

/** The command that the arguments begin with, and the rest; null if there is none. */
export function findCommand(
  commands: readonly Command[],
  args: readonly string[],
): { command: Command; rest: string[] } | null {
  const typed = args.filter((arg) => !arg.startsWith('-'));
  const command = commands.find(({ name }) => name.split(' ').every((word, index) => typed[index] === word));
  if (command === undefined) return null;
  const words = command.name.split(' ');
  const rest: string[] = [];
  for (const arg of args) {
    if (words[0] === arg) words.shift();
    else rest.push(arg);
  }
  return { command, rest };
}

export function readInput(command: Command, args: string[]): CommandInput {
  const specs = { ...command.options, ...commonOptions };
  const options = Object.fromEntries(Object.entries(specs).map(([name, { type }]) => [name, { type }]));
  try {
    const { values, positionals } = parseArgs({
      args,
      options,
      allowPositionals: command.operands !== undefined,
      strict: true,
    });
    return {
      positionals,
      text: (name) => (typeof values[name] === 'string' ? values[name] : null),
      flag: (name) => values[name] === true,
    };
  } catch (error) {
    if (!(error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    throw new UsageError((error as Error).message.split('. ', 1)[0] ?? 'the options are not understood');
  }
}

/** `--tenant`, or the default tenant of the environment. */
export function readTenant(text: string | null, fallback: () => string): TenantId {
  try {
    return parseTenantId(text ?? fallback());
  } catch (error) {
    if (error instanceof ServiceError)
      throw new UsageError(`"${text}" is no tenant: 1 to 50 of A-Z, a-z, 0-9, _ and -`);
    throw error;
  }
}

/** `90d`, `12h`, `30m` → milliseconds. */
export function parseLifetime(text: string): number {
  const match = /^([1-9]\d{0,4})([mhd])$/.exec(text);
  if (match === null) throw new UsageError(`"${text}" is no time: write 30m, 12h or 90d`);
  const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 'm' | 'h' | 'd'];
  return Number(match[1]) * unitMs;
}

export function parseWhole(name: string, text: string | null, fallback: number, min: number, max: number): number {
  if (text === null) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}`);
}

/** `a, b` → `['a', 'b']`. */
export function parseList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
