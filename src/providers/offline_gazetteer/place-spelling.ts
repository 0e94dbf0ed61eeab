/**
 * Derives by rule the Uzbek names in scripts that GeoNames lacks: for half of the places of Uzbekistan it has only one
 * Latin spelling, often an old one (`Qŭnghirot`), sometimes with a word for the kind of place (`Uchquduq Shahri`).
 */
import { inverted, type LetterTable, latinLetters, letterTable } from './uzbek-letters.ts';

const kindOfPlace = / (?:shahri?|shahar|shaharchasi|qishlog['’ʻ‘]i|tumani)$/i;
const apostrophes = /[’ʻ‘`ʼ]/g;

/** `Uchquduq`, of `Uchquduq Shahri`; in the spelling of 1995. */
export function bareUzbekName(name: string): string {
  return name
    .replace(apostrophes, "'")
    .replace(kindOfPlace, '')
    .replace(/ŭ/g, "o'")
    .replace(/Ŭ/g, "O'")
    .replace(/gh(?=[aeiou])/g, "g'");
}

const pairs: readonly (readonly [string, string, string])[] = [
  ["yo'", 'йў', 'ё'],
  ["o'", 'ў', 'у'],
  ["g'", 'ғ', 'г'],
  ['sh', 'ш', 'ш'],
  ['ch', 'ч', 'ч'],
  ['yo', 'ё', 'ё'],
  ['yu', 'ю', 'ю'],
  ['ya', 'я', 'я'],
  ['ye', 'е', 'е'],
  ['ts', 'ц', 'ц'],
  ['q', 'қ', 'к'],
  ['h', 'ҳ', 'х'],
  ['x', 'х', 'х'],
  ['j', 'ж', 'ж'],
  ["'", 'ъ', ''],
];
const single: LetterTable = { ...inverted(latinLetters), e: 'е' };

/** Writes a Latin name in Uzbek Cyrillic, or in the Russian letters that most people type. */
export function inCyrillic(latin: string, letters: 'uzbek' | 'russian'): string {
  const name = bareUzbekName(latin);
  const lower = name.toLowerCase();
  let text = '';
  let at = 0;
  while (at < lower.length) {
    const pair = pairs.find(([spelled]) => lower.startsWith(spelled, at));
    const length = pair?.[0].length ?? 1;
    const written =
      pair === undefined ? (single[lower[at] as string] ?? (name[at] as string)) : pair[letters === 'uzbek' ? 1 : 2];
    const isStart = at === 0 || /[\s-]/.test(lower[at - 1] as string);
    const start = isStart && written === 'е' && pair === undefined ? 'э' : written;
    text += isStart ? start.charAt(0).toUpperCase() + start.slice(1) : start;
    at += length;
  }
  return text;
}

const russianLetters = /^[А-ЯЁ][А-Яа-яЁё\s-]+$/u;
const toLatin: LetterTable = { ...latinLetters, ...letterTable('е=e ж=zh х=kh ц=ts щ=shch ъ= ы=y ь=') };

/**
 * Picks the Russian name among a place's Cyrillic names, which carry no language, by its sound: other languages call
 * Saint Petersburg `Бетъырбух` and Moscow `Маскав`. null if none sounds like the Latin name.
 */
export function russianAmong(names: readonly string[], latinName: string): string | null {
  const latin = latinName.toLowerCase().replace(/[^a-z]/g, '');
  let best: { name: string; distance: number } | null = null;
  for (const name of names) {
    if (!russianLetters.test(name)) continue;
    const spelled = [...name.toLowerCase()].map((letter) => toLatin[letter] ?? '').join('');
    const distance = distanceBetween(spelled, latin) - (name.endsWith('ь') ? 0.5 : 0);
    if (distance <= latin.length * 0.34 && distance < (best?.distance ?? Number.POSITIVE_INFINITY))
      best = { name, distance };
  }
  return best?.name ?? null;
}

/** Letters to change, add or drop (Levenshtein). */
export function distanceBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at += 1) {
    const next = [at];
    for (let to = 1; to <= other.length; to += 1) {
      const change = (row[to - 1] as number) + (one[at - 1] === other[to - 1] ? 0 : 1);
      next.push(Math.min(change, (row[to] as number) + 1, (next[to - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}

/** Russian names that sound different from GeoNames' own, by country and name. */
export const russianExonyms: Readonly<Record<string, string>> = {
  'RU Moscow': 'Москва',
  'RU Saint Petersburg': 'Санкт-Петербург',
  'RU Rostov-na-Donu': 'Ростов-на-Дону',
  'RU Nizhniy Novgorod': 'Нижний Новгород',
  'RU Orenburg': 'Оренбург',
  'KZ Almaty': 'Алматы',
  'KZ Astana': 'Астана',
  'KG Osh': 'Ош',
  'TJ Khujand': 'Худжанд',
  'TM Ashgabat': 'Ашхабад',
  'AZ Baku': 'Баку',
  'AM Yerevan': 'Ереван',
  'GE Tbilisi': 'Тбилиси',
  'UA Kyiv': 'Киев',
  'UA Kiev': 'Киев',
  'UA Lviv': 'Львов',
  'UA Odesa': 'Одесса',
  'UA Kharkiv': 'Харьков',
  'MD Chisinau': 'Кишинёв',
  'MD Chișinău': 'Кишинёв',
  'BY Minsk': 'Минск',
  'LT Vilnius': 'Вильнюс',
  'LV Riga': 'Рига',
  'EE Tallinn': 'Таллин',
  'PL Warsaw': 'Варшава',
  'CZ Prague': 'Прага',
  'AT Vienna': 'Вена',
  'IT Rome': 'Рим',
  'IT Milan': 'Милан',
  'IT Venice': 'Венеция',
  'FR Paris': 'Париж',
  'GB London': 'Лондон',
  'DE Munich': 'Мюнхен',
  'DE Köln': 'Кёльн',
  'DE Cologne': 'Кёльн',
  'CH Geneva': 'Женева',
  'CH Zürich': 'Цюрих',
  'BE Brussels': 'Брюссель',
  'DK Copenhagen': 'Копенгаген',
  'PT Lisbon': 'Лиссабон',
  'GR Athens': 'Афины',
  'RO Bucharest': 'Бухарест',
  'RS Belgrade': 'Белград',
  'TR Istanbul': 'Стамбул',
  'IR Tehran': 'Тегеран',
  'IL Jerusalem': 'Иерусалим',
  'EG Cairo': 'Каир',
  'AE Dubai': 'Дубай',
  'AE Abu Dhabi': 'Абу-Даби',
  'SA Mecca': 'Мекка',
  'SA Medina': 'Медина',
  'AF Kabul': 'Кабул',
  'CN Beijing': 'Пекин',
  'CN Ürümqi': 'Урумчи',
  'JP Tokyo': 'Токио',
  'KR Seoul': 'Сеул',
  'IN Delhi': 'Дели',
  'IN New Delhi': 'Нью-Дели',
  'US New York City': 'Нью-Йорк',
};
