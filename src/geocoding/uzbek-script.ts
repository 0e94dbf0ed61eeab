/**
 * Writes Uzbek in the script that the caller asked for, by the official table of 1995; words of other languages are
 * transliterated by sound.
 */
import type { AddressComponent, AddressParts, Place } from '../providers/geocoding.ts';
import { inverted, type LetterTable, latinLetters, letterTable } from '../providers/offline_gazetteer/uzbek-letters.ts';

const ofBothScripts: LetterTable = { ...latinLetters, ...letterTable('ў=oʻ ғ=gʻ ц=ts ъ=ʼ') };
const latinOf: LetterTable = { ...ofBothScripts, ...letterTable('е=e щ=sh ы=i ь=') };
/** `sh` is looked for before `s`. */
const cyrillicOf: LetterTable = inverted(ofBothScripts);
const apostrophes = /[`´ʹʻ‘’‛′'](?=\p{L}|\P{L}|$)/gu;
const vowels = 'аеёиоуўэюя';

export function toLatin(text: string): string {
  return text.replace(/[\p{Script=Cyrillic}\p{M}]+/gu, (word) =>
    [...word].map((letter, at) => inCase(letter, latinLetter(word, at), word)).join(''),
  );
}

/** The Latin form depends on the letter before: `е` at the start of a word and after a vowel is `ye`. */
function latinLetter(word: string, at: number): string {
  const letter = (word[at] as string).toLowerCase();
  const before = word[at - 1]?.toLowerCase();
  if (letter === 'е' && (before === undefined || vowels.includes(before) || before === 'ъ')) return 'ye';
  // After a vowel, and in the names of quarters (`Ц-5`), ц is `ts`. сҳ gets an apostrophe, or it would be read as ш.
  if (letter === 'ц') return word.length === 1 || (before !== undefined && vowels.includes(before)) ? 'ts' : 's';
  if (letter === 'ҳ' && before === 'с') return 'ʼh';
  return latinOf[letter] ?? letter;
}

export function toCyrillic(text: string): string {
  return text.replace(/\p{Script=Latin}[\p{Script=Latin}\p{M}`´ʹʻʼ‘’‛′']*/gu, (word) => {
    const spelled = word
      .replace(/(?<=[og])[`´ʹʼ‘’‛′']/gi, 'ʻ')
      .replace(/(?<![og])ʻ/gi, 'ʼ')
      .replace(apostrophes, (mark) => (mark === 'ʻ' ? mark : 'ʼ'));
    let cyrillic = '';
    for (let at = 0; at < spelled.length; ) {
      const { letters, text: letter } = cyrillicLetter(spelled, at);
      cyrillic += inCase(spelled[at] as string, letter, spelled);
      at += letters;
    }
    return cyrillic;
  });
}

function cyrillicLetter(word: string, at: number): { readonly letters: number; readonly text: string } {
  const two = word.slice(at, at + 2).toLowerCase();
  if (two === 'ye') return { letters: 2, text: 'е' };
  const pair = cyrillicOf[two];
  if (two.length === 2 && pair !== undefined) return { letters: 2, text: pair };
  const one = two.slice(0, 1);
  // An e at a word's beginning is э: elsewhere it is е.
  if (one === 'e') return { letters: 1, text: at === 0 ? 'э' : 'е' };
  if (one === 'ʼ') return { letters: 1, text: at === word.length - 1 ? '' : 'ъ' };
  return { letters: 1, text: cyrillicOf[one] ?? one };
}

function inCase(original: string, letters: string, word: string): string {
  if (original === original.toLowerCase()) return letters;
  const isAllCapitals = word.length > 1 && word === word.toUpperCase();
  return isAllCapitals ? letters.toUpperCase() : letters.slice(0, 1).toUpperCase() + letters.slice(1);
}

/** The place with its names in the script of `uz-Latn` or `uz-Cyrl`; unchanged for any other language. */
export function inScriptOf(language: string, place: Place): Place {
  const convert = language === 'uz-Latn' ? toLatin : language === 'uz-Cyrl' ? toCyrillic : null;
  if (convert === null) return place;
  const { house_number, postal_code, country_code, ...names } = place.components;
  return {
    ...place,
    formatted_address: convert(place.formatted_address),
    address_components: place.address_components.map((part) => convertComponent(part, convert)),
    components: { ...convertNames(names, convert), house_number, postal_code, country_code },
  };
}

function convertComponent(part: AddressComponent, convert: (text: string) => string): AddressComponent {
  // A country's short name is its code, and a house number has no script: both stay.
  if (part.types.includes('street_number')) return part;
  const short = part.types.includes('country') ? part.short_name : convert(part.short_name);
  return { ...part, long_name: convert(part.long_name), short_name: short };
}

type Names = Omit<AddressParts, 'house_number' | 'postal_code' | 'country_code'>;

function convertNames({ street, district, city, region, country }: Names, convert: (text: string) => string): Names {
  const converted = (name: string | null): string | null => (name === null ? null : convert(name));
  return {
    street: converted(street),
    district: converted(district),
    city: converted(city),
    region: converted(region),
    country: converted(country),
  };
}
