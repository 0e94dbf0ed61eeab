/**
 * Measures the parser on the collection of real addresses, if it lies beside the project: how many are parsed as a
 * person reads them, by script, and which spellings of one place get one key. `node
 * src/geocoding/address/real-addresses.test.ts` prints the score.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixturesMissing, readRecording } from '../../../test/support/fixtures.ts';
import type { PartKind } from './address-parts.ts';
import { type AddressInParts, readAddress } from './normalize-address.ts';

interface RealAddress {
  readonly text: string;
  readonly script: string;
  readonly parts: Readonly<Record<string, string>>;
  readonly place?: string;
}

const addresses: readonly RealAddress[] =
  fixturesMissing === false
    ? readRecording('addresses/uz-public.jsonl')
        .toString('utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RealAddress)
    : [];

/** Words for the kind of a part, which the collection keeps and the parser drops. */
const kindWords = /(?<!\p{L})(проезд|berk|тхай|блок|blok|й|я)(?!\p{L})/gu;

function wordsOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[ʻ’'`ʼ‘"«»]/g, "'")
    .replace(/[то](?=[оshк]*shkent)/g, (letter) => (letter === 'т' ? 't' : 'o'))
    .replace(kindWords, ' ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .split(' ')
    .sort()
    .join(' ');
}

const letters: Readonly<Record<string, string>> = { а: 'a', к: 'k', м: 'm', о: 'o', т: 't', в: 'v', г: 'g', д: 'd' };

function houseOf(text: string): string {
  return wordsOf(text)
    .replaceAll(' ', '')
    .replace(/[акмотвгд]/g, (letter) => letters[letter] as string);
}

function textOf({ parts }: AddressInParts, ...kinds: readonly PartKind[]): string {
  return parts
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ words, number }) => [...words, number].join(' '))
    .join(' ');
}

/** Parts that were parsed differently; a name left as it stands counts as left alone. */
function misread({ text, parts: want }: RealAddress): string[] {
  const got = readAddress(text);
  const names = got.parts.filter(({ kind }) => kind === 'name').map(({ words }) => wordsOf(words.join(' ')));
  const faults: string[] = [];
  const compare = (part: string, read: string): void => {
    const wanted = wordsOf(want[part] ?? '');
    if (wanted === wordsOf(read) || (read === '' && names.includes(wanted))) return;
    faults.push(`${part}: ${want[part] ?? 'nothing'} was read as ${read || 'nothing'}`);
  };
  compare('region', textOf(got, 'region'));
  compare('city', textOf(got, 'city'));
  compare('street', textOf(got, 'street', 'lane'));
  // It does not matter whether a bare `Чиланзар` is the district or its quarters.
  const area = wordsOf(`${want.district ?? ''} ${want.quarter ?? ''}`);
  const readArea = textOf(got, 'district', 'quarter');
  if (area !== wordsOf(readArea) && area !== wordsOf(`${readArea} ${textOf(got, 'name')}`)) {
    compare('district', textOf(got, 'district'));
    compare('quarter', textOf(got, 'quarter'));
  }
  if (houseOf(want.house ?? '') !== houseOf(textOf(got, 'house', 'building'))) faults.push(`house: ${want.house}`);
  if ((want.unit !== undefined) !== (got.unit !== null)) faults.push(`unit: ${want.unit}`);
  return faults;
}

test('of the real addresses 95 in 100 are read as a person reads them, in each script', {
  skip: fixturesMissing,
}, () => {
  const scores = new Map<string, { read: number; all: number }>();
  const faults: string[] = [];
  for (const address of addresses) {
    const score = scores.get(address.script) ?? { read: 0, all: 0 };
    scores.set(address.script, score);
    const found = misread(address);
    score.all += 1;
    if (found.length === 0) score.read += 1;
    else faults.push(`${address.text}: ${found.join('; ')}`);
  }
  for (const [script, { read, all }] of scores) {
    process.stdout.write(`${script}: ${read} of ${all}, ${((100 * read) / all).toFixed(1)} %\n`);
    assert.ok(read >= all * 0.95, `${script}: ${read} of ${all}\n${faults.join('\n')}`);
  }
});

test('real spellings of one place meet unless a part differs, and different places never do', {
  skip: fixturesMissing,
}, () => {
  const placeOfKey = new Map<string, RealAddress>();
  for (const address of addresses) {
    const { key } = readAddress(address.text);
    const known = placeOfKey.get(key);
    const isSame = known === undefined || (known.place !== undefined && known.place === address.place);
    assert.ok(isSame || known.text === address.text, `${address.text} and ${known?.text} share ${key}`);
    placeOfKey.set(key, address);
  }
  const apart: string[] = [];
  let pairs = 0;
  for (const [at, one] of addresses.entries()) {
    for (const other of addresses.slice(at + 1)) {
      if (one.place === undefined || one.place !== other.place || !saysTheSame(one, other)) continue;
      pairs += 1;
      if (readAddress(one.text).key !== readAddress(other.text).key) apart.push(`${one.text} and ${other.text}`);
    }
  }
  process.stdout.write(`${pairs - apart.length} of ${pairs} pairs of spellings meet\n`);
  assert.ok(apart.length <= pairs * 0.05, apart.join('\n'));
});

/** Whether both have the same kinds of parts, apart from landmarks. */
function saysTheSame(one: RealAddress, other: RealAddress): boolean {
  const kindsOf = ({ parts }: RealAddress): string =>
    Object.keys(parts)
      .filter((part) => part !== 'landmark')
      .sort()
      .join(' ');
  return kindsOf(one) === kindsOf(other);
}
