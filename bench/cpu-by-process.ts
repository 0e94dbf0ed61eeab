/** Reads the CPU time by process from a row's figures, for the table and for the explanation of a missed aim. */
import { type BenchRow, describeAim, describeValue } from './report.ts';

/** µs by process; `itself` is the measured process. */
type CpuByProcess = ReadonlyMap<string, number>;

const itself = 'itself';
const namesOfStores: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  redis: 'Redis',
  rabbitmq: 'RabbitMQ',
};

/** By variant (`own`, `peer`, `few`); empty if a row measures no CPU time. */
export function cpuByVariant({ figures }: BenchRow): ReadonlyMap<string, CpuByProcess> {
  const variants = new Map<string, Map<string, number>>();
  const put = (variant: string, name: string, micros: unknown): void => {
    if (typeof micros !== 'number') return;
    const ofVariant = variants.get(variant) ?? new Map<string, number>();
    variants.set(variant, ofVariant.set(name, micros));
  };
  for (const [key, value] of Object.entries(figures)) {
    // Webhook rows use flat names: `ownMicros_postgresql`.
    const [, variant, name] = /^(own|peer)Micros_(\w+)$/.exec(key) ?? [];
    if (variant !== undefined && name !== undefined) put(variant, namesOfStores[name] ?? itself, value);
    if (typeof value !== 'object' || value === null) continue;
    const { cpuMicros, storeCpuMicros = {} } = value as { cpuMicros?: unknown; storeCpuMicros?: object };
    put(key, itself, cpuMicros);
    for (const [store, micros] of Object.entries(storeCpuMicros)) put(key, namesOfStores[store] ?? store, micros);
  }
  return variants;
}

/** `own 231 + PostgreSQL 9.5; peer 85`. */
export function describeCpu(row: BenchRow): string {
  return Array.from(cpuByVariant(row), ([variant, byProcess]) => {
    const parts = Array.from(byProcess, ([name, micros]) => (name === itself ? say(micros) : `${name} ${say(micros)}`));
    return `${variant} ${parts.join(' + ')}`;
  }).join('; ');
}

export function isMissed({ aim, ratio }: BenchRow): boolean {
  if (aim === null || ratio === null) return false;
  return 'atLeast' in aim ? ratio < aim.atLeast : ratio > aim.atMost;
}

/** One sentence: the share of each process in all CPU time, for the service and its peer. */
export function explainMiss(row: BenchRow): string {
  const said = `**${row.path}**, against ${row.against}: ${describeValue(row)} (${describeAim(row)}).`;
  const variants = [...cpuByVariant(row)];
  if (variants.length === 0) return `${said} It measures no CPU time.`;
  return `${said} ${variants.map(([variant, byProcess]) => shares(variant, byProcess)).join(' ')}`;
}

function shares(variant: string, byProcess: CpuByProcess): string {
  const whole = [...byProcess.values()].reduce((sum, micros) => sum + micros, 0);
  const parts = Array.from(byProcess, ([name, micros]) => {
    return `${name} ${say(micros)} (${Math.round((100 * micros) / whole)} %)`;
  });
  return `\`${variant}\` takes ${say(whole)} µs: ${parts.join(', ')}.`;
}

function say(micros: number): string {
  return micros >= 100 ? String(Math.round(micros)) : String(Number(micros.toPrecision(2)));
}
