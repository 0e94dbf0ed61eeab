/** Compares the normaliser with plain NFKC and lower case: `node src/geocoding/address/normalize-address.bench.ts`. */
import { composeAddressKey, normalizeAddress } from './normalize-address.ts';

const addresses = [
  'г. Ташкент, ул. Шота Руставели, д. 45, кв. 12',
  "Toshkent shahri, Navoiy ko'chasi, 5-uy, 12-xonadon",
  'Тошкент шаҳри, Навоий кўчаси, 5-уй',
  'Ташкент, Чиланзар, 12-й квартал, 83 а',
];
const rounds = 7;
const callsPerRound = 200_000;

/**
 * Nanoseconds per call, the median of the rounds. The remembered row looks better than it is: these strings already
 * carry their hash, while one fresh from a request body must be hashed first.
 */
function measure(work: (address: string) => string): number {
  const costsNs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let length = 0;
    const startedNs = process.hrtime.bigint();
    for (let call = 0; call < callsPerRound; call += 1) length += work(addresses[call & 3] as string).length;
    costsNs.push(Number(process.hrtime.bigint() - startedNs) / callsPerRound);
    if (length === 0) throw new Error('nothing was measured');
  }
  return costsNs.sort((a, b) => a - b)[rounds >> 1] as number;
}

export interface BenchRow {
  readonly name: string;
  readonly nsPerCall: number;
  readonly ratioToPlain: number;
}

/** Ratios above 1 are slower than plain folding. */
export function benchNormalizeAddress(): readonly BenchRow[] {
  const plainNs = measure((address) => address.normalize('NFKC').toLowerCase());
  const row = (name: string, nsPerCall: number): BenchRow => ({ name, nsPerCall, ratioToPlain: nsPerCall / plainNs });
  return [
    row('plain NFKC and lower case', plainNs),
    row('address key, composed', measure(composeAddressKey)),
    row(
      'address key, remembered',
      measure((address) => normalizeAddress(address).key),
    ),
  ];
}

if (import.meta.main) {
  for (const { name, nsPerCall, ratioToPlain } of benchNormalizeAddress()) {
    process.stdout.write(`${name}: ${nsPerCall.toFixed(0)} ns, ${ratioToPlain.toFixed(2)} x plain\n`);
  }
}
