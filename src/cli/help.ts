import { type Command, type OptionSpec, UsageError } from './command.ts';
import { commonOptions } from './read-arguments.ts';

export function createHelp(commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    operands: '[COMMAND]',
    summary: 'these lines, or those of one command',
    async run({ terminal }, { positionals }) {
      const asked = positionals.join(' ');
      const found = commands().filter(({ name }) => asked === '' || name === asked || name.startsWith(`${asked} `));
      if (found.length === 0) throw new UsageError(`there is no command "${asked}"; "help" alone shows all`);
      if (asked === '') terminal.result(describeAll(found), renderOverview(found));
      else terminal.result(describeAll(found), found.map(renderCommandHelp).join('\n\n'));
    },
  };
}

export function describeAll(commands: readonly Command[]): unknown {
  return commands.map(describeCommand);
}

export function describeCommand({ name, operands = '', summary, notes = [], options }: Command): unknown {
  return { name, operands, summary, notes, options: { ...options, ...commonOptions } };
}

export function renderOverview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => callOf(command).length));
  const lines = commands.map((command) => `  ${callOf(command).padEnd(width)}  ${command.summary}`);
  return [
    'Usage: npm run cli -- COMMAND [OPTIONS]',
    '',
    ...lines,
    '',
    'Every command takes --json and --help. The environment is the service’s own (docs/config.md).',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.',
  ].join('\n');
}

export function renderCommandHelp(command: Command): string {
  const options: [string, OptionSpec][] = Object.entries({ ...command.options, ...commonOptions });
  const shown = options.map(([name, { hint, help }]) => [`--${name}${hint === undefined ? '' : ` ${hint}`}`, help]);
  const width = Math.max(...shown.map(([name]) => (name as string).length));
  return [
    `npm run cli -- ${callOf(command)} [OPTIONS]`,
    `  ${command.summary}`,
    ...(command.notes ?? []).map((note) => `  ${note}`),
    '',
    ...shown.map(([name, help]) => `  ${(name as string).padEnd(width)}  ${help}`),
  ].join('\n');
}

function callOf({ name, operands }: Command): string {
  return operands === undefined ? name : `${name} ${operands}`;
}
