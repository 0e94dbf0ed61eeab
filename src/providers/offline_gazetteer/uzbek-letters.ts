/** Letters and how another alphabet writes them. */

export type LetterTable = Readonly<Record<string, string>>;

/** Each text has pairs as `ш=sh ь=`. */
export function letterTable(...texts: readonly string[]): LetterTable {
  return Object.fromEntries(
    texts.flatMap((text) => text.split(' ')).map((pair) => pair.split('=') as [string, string]),
  );
}

/** From the second alphabet to the first. */
export function inverted(table: LetterTable): LetterTable {
  return Object.fromEntries(Object.entries(table).map(([letter, written]) => [written, letter]));
}

/**
 * Uzbek Cyrillic as Uzbek Latin, by the official table of 1995: the letters whose Latin form does not depend on those
 * around them.
 */
export const latinLetters: LetterTable = letterTable(
  'а=a б=b в=v г=g д=d ж=j з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=x',
  "ч=ch ш=sh э=e ю=yu я=ya ё=yo ў=o' қ=q ғ=g' ҳ=h",
);
