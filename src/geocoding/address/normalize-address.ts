import { composeCanonicalForm } from './canonical-form.ts';
import { foldCharacters } from './letters.ts';
import { tokenizeAddress } from './tokenize-address.ts';

/** The letters that Uzbek Cyrillic has beyond Russian. */
const uzbekLetters = /[ўқғҳ]/;

/**
 * The canonical form of an address: equal for spellings of one address, in Russian or in Uzbek of either script, and
 * never equal for two houses. Where that is in doubt two forms come out: a missed cache hit costs one call, a false one
 * sends someone to a wrong door. Takes time linear in the address's length.
 */
export function composeAddressKey(address: string): string {
  const text = foldCharacters(address);
  const tokens = tokenizeAddress(text);
  const isUzbekCyrillic =
    uzbekLetters.test(text) || tokens.some((token) => token.kind === 'word' && token.keyword?.isUzbekCyrillic === true);
  return composeCanonicalForm(tokens, isUzbekCyrillic);
}

/**
 * Two generations of at most this many addresses each: when the young one is full it becomes the old one, and the old
 * one is dropped. Cheaper than moving each hit to the end of a list. At 500 characters an address: 16 MiB at the most.
 */
const generationSize = 4096;
let young = new Map<string, string>();
let old = new Map<string, string>();

/** `composeAddressKey`, remembered: callers repeat themselves to the letter. */
export function normalizeAddress(address: string): string {
  const known = young.get(address);
  if (known !== undefined) return known;
  const key = old.get(address) ?? composeAddressKey(address);
  if (young.size >= generationSize) {
    old = young;
    young = new Map();
  }
  young.set(address, key);
  return key;
}
