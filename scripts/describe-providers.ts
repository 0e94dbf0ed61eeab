/** Writes the providers' facts as the tables of `docs/config.md` and the lines of `.env.example`. */
import type { Adapter } from '../src/providers/provider.ts';
import { environmentAdapters } from '../src/providers/registry.ts';
import type { EnvironmentVariable, VendorFacts } from '../src/providers/vendor-facts.ts';

/** The files with generated parts, and the function that updates each text. */
export const describedFiles: Readonly<Record<string, (text: string) => string>> = {
  'docs/config.md': (text) =>
    replacePart(
      replacePart(text, '<!-- provider-variables -->', table(['variable', 'default', 'meaning'], variableRows())),
      '<!-- provider-facts -->',
      table(factHead, factRows()),
    ),
  '.env.example': (text) => replacePart(text, '# providers', exampleLines().join('\n')),
};

const factHead = [
  'provider',
  'also called',
  'priority',
  'operations',
  'USD per request',
  'default rate limit',
  'stored at most',
];
const byPriority = [...environmentAdapters].sort((one, other) => priorityOf(one) - priorityOf(other));

function variables(): {
  credentials: EnvironmentVariable[];
  addresses: (EnvironmentVariable & { isNeeded: boolean })[];
} {
  const facts = byPriority.map((adapter) => adapter.facts.environment).filter((each) => each !== null);
  return {
    credentials: facts.flatMap(({ credential }) => ('variable' in credential ? [credential] : [])),
    addresses: facts.flatMap(({ credential, baseUrl }) =>
      baseUrl === null ? [] : [{ ...baseUrl, isNeeded: credential.kind === 'base-url' }],
    ),
  };
}

function exampleLines(): string[] {
  const { credentials, addresses } = variables();
  return [...credentials, ...addresses].map(({ variable, example = '' }) => `#${variable}=${example}`);
}

function variableRows(): string[][] {
  const { credentials, addresses } = variables();
  return [
    ...credentials.map((credential) => row(credential, '–')),
    ...addresses.map((address) => row(address, address.isNeeded ? '–' : 'the provider’s own')),
  ];
}

function row({ variable, meaning }: EnvironmentVariable, otherwise: string): string[] {
  return [`\`${variable}\``, otherwise, meaning];
}

function factRows(): string[][] {
  return byPriority.map((adapter) => {
    const { name, facts, attempts } = adapter;
    const operations = Object.keys(attempts).filter((operation) => operation !== 'health_check');
    return [
      `\`${name}\``,
      facts.aliases.map((alias) => `\`${alias}\``).join(', ') || '–',
      String(priorityOf(adapter)),
      operations.join(', '),
      describePrices(facts),
      facts.defaultLimit === null ? '–' : describeLimit(facts.defaultLimit),
      `${facts.storage.maxSeconds === null ? '–' : describeTime(facts.storage.maxSeconds)}. ${facts.storage.terms}`,
    ];
  });
}

function priorityOf({ facts }: Adapter): number {
  return facts.environment?.priority ?? Number.POSITIVE_INFINITY;
}

function describePrices({ listPrices }: VendorFacts): string {
  const byPrice = Map.groupBy(listPrices, ({ usdPerUnit }) => usdPerUnit);
  if (byPrice.size === 1) return String([...byPrice.keys()][0]);
  return [...byPrice]
    .map(([usd, prices]) => `${usd} (${prices.map(({ operation }) => operation).join(', ')})`)
    .join('; ');
}

function describeLimit({ perMinute, minIntervalMs }: NonNullable<VendorFacts['defaultLimit']>): string {
  return `${perMinute} a minute, one every ${minIntervalMs / 1000} s`;
}

function describeTime(seconds: number): string {
  return seconds % 86_400 === 0 ? `${seconds / 86_400} d` : `${seconds} s`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Replaces the text between two equal lines. */
function replacePart(text: string, line: string, part: string): string {
  const [before, between, ...after] = text.split(`${line}\n`);
  if (between === undefined || after.length !== 1)
    throw new Error(`there must be exactly one part between two lines "${line}"`);
  return [before, `${part}\n`, after[0]].join(`${line}\n`);
}
