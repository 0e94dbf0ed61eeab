/** Uzbek Cyrillic as Uzbek Latin, by the official table of 1995. */
import { type LetterTable, latinLetters } from '../../providers/offline_gazetteer/uzbek-letters.ts';

const plain: LetterTable = { ...latinLetters, ь: '' };
const vowels = 'аеёиоуўэюя';

/**
 * Transliterates one lower-case word. A word with a letter that Uzbek does not have (щ, ы, or one of another script)
 * comes back unchanged.
 */
export function transliterateUzbek(word: string): string {
  let latin = '';
  for (let index = 0; index < word.length; index += 1) {
    const letter = word[index] as string;
    const previous = word[index - 1];
    const next = word[index + 1];
    if (letter === 'е')
      latin += previous === undefined || vowels.includes(previous) || 'ъь'.includes(previous) ? 'ye' : 'e';
    else if (letter === 'ц') latin += previous !== undefined && vowels.includes(previous) ? 'ts' : 's';
    // The hard sign is an apostrophe between letters only; at the end it would be taken for a closing quote.
    else if (letter === 'ъ' || letter === "'") latin += isBetweenLetters(latin, next) ? "'" : '';
    // Written with an apostrophe; otherwise сҳ would become ш.
    else if (letter === 'с' && next === 'ҳ') latin += "s'";
    else {
      const translated = plain[letter];
      if (translated === undefined) return word;
      latin += translated;
    }
  }
  return latin;
}

function isBetweenLetters(before: string, next: string | undefined): boolean {
  return before !== '' && !before.endsWith("'") && next !== undefined && !"ъь'".includes(next);
}
