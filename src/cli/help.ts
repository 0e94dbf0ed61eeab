import { type Command, exitCodes, type OptionSpec } from './command.ts';
import { commonOptions } from './read-arguments.ts';

export function createHelp(commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    operands: '[COMMAND]',
    summary: 'these lines, or those of one command',
    notes: [],
    options: {},
    async run({ terminal }, { positionals }) {
      const asked = positionals.join(' ');
      const found = commands().filter(({ name }) => name === asked || name.startsWith(`${asked} `));
      if (asked === '' || found.length === 0) terminal.result(describeAll(commands()), renderOverview(commands()));
      else terminal.result(describeAll(found), found.map(renderCommandHelp).join('\n\n'));
      return asked !== '' && found.length === 0 ? exitCodes.usage : exitCodes.done;
    },
  };
}

function describeAll(commands: readonly Command[]): unknown {
  return commands.map(({ name, operands, summary, options }) => ({ name, operands, summary, options }));
}

export function renderOverview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name, operands }) => `${name} ${operands}`.trimEnd().length));
  const lines = commands.map(
    ({ name, operands, summary }) => `  ${`${name} ${operands}`.trimEnd().padEnd(width)}  ${summary}`,
  );
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
    `npm run cli -- ${`${command.name} ${command.operands}`.trimEnd()} [OPTIONS]`,
    `  ${command.summary}`,
    ...command.notes.map((note) => `  ${note}`),
    '',
    ...shown.map(([name, help]) => `  ${(name as string).padEnd(width)}  ${help}`),
  ].join('\n');
}
