/** Folds names so that spellings of one place are equal: case, ё, apostrophes, accents, punctuation. */

const apostrophes = /[ʻʼ‘’'`´ʹ′]/g;
const latinAccents = /([a-z])[\u0300-\u036f]+/g;
const notWord = /[^\p{L}\p{N}]+/u;

/**
 * Lower case without apostrophes and Latin accents, so that `Qoʻqon`, `Qo'qon` and `Qŭqon` become similar; й and ў
 * stay.
 */
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
