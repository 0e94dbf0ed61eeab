/** Folding names so that spellings of one place meet: case, ё, apostrophes, accents, punctuation. */

const apostrophes = /[ʻʼ‘’'`´ʹ′]/g;
const latinAccents = /([a-z])[\u0300-\u036f]+/g;
const notWord = /[^\p{L}\p{N}]+/u;

/** Lower case without apostrophes and Latin accents: `Qoʻqon`, `Qo'qon` and `Qŭqon` come near each other; й and ў stay. */
export function foldName(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ё', 'е')
    .replace(apostrophes, '')
    .normalize('NFD')
    .replace(latinAccents, '$1')
    .normalize('NFC');
}

/** The folded words of a text. */
export function foldedWords(text: string): string[] {
  return foldName(text)
    .split(notWord)
    .filter((word) => word !== '');
}
