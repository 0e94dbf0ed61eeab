/** Uzbek Cyrillic as Uzbek Latin, by the official table of 1995. */

const plain: Readonly<Record<string, string>> = {
  а: 'a',
  б: 'b',
  в: 'v',
  г: 'g',
  д: 'd',
  ж: 'j',
  з: 'z',
  и: 'i',
  й: 'y',
  к: 'k',
  л: 'l',
  м: 'm',
  н: 'n',
  о: 'o',
  п: 'p',
  р: 'r',
  с: 's',
  т: 't',
  у: 'u',
  ф: 'f',
  х: 'x',
  ч: 'ch',
  ш: 'sh',
  э: 'e',
  ю: 'yu',
  я: 'ya',
  ё: 'yo',
  ў: "o'",
  қ: 'q',
  ғ: "g'",
  ҳ: 'h',
  ь: '',
};
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
