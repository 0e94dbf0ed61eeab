/** What a Dockerfile says, line by line. */
export interface Instruction {
  readonly name: string;
  /** `--name=value` at its front. */
  readonly options: Readonly<Record<string, string>>;
  /** What follows them, as it stands with lines joined, and split at white space. */
  readonly text: string;
  readonly words: readonly string[];
}

export function parseDockerfile(file: string): readonly Instruction[] {
  const lines = file
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  return lines.map((line) => {
    const [, name = '', optionsText = '', text = ''] = /^\s*([A-Z]+)\s+((?:--\S+\s+)*)(.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`no instruction: ${line}`);
    const options = Object.fromEntries(
      [...optionsText.matchAll(/--([^=\s]+)(?:=(\S*))?/g)].map(([, option = '', value = '']) => [option, value]),
    );
    return { name, options, text, words: text.split(/\s+/) };
  });
}
