/**
 * The designators of addresses in Russian and Uzbek (Latin and Cyrillic), as data.
 *
 * A code stands for one meaning. Words share a code only where they mean the same thing everywhere: a daha (даҳа) is a
 * микрорайон, but a massiv, a mavze and a квартал are kept apart, for Tashkent has estates where two of them bear one
 * number.
 */

/**
 * How a designator finds its name or number.
 * - `before`: usually stands before its name (`ул. Навои`), after it only at the end of a phrase (`Навои улица,`).
 * - `after`: possessive, always belongs to the words before it (`Navoiy ko'chasi`, `Toshkent shahri`).
 * - `unit`: counts (`д. 5`, `5-uy`).
 * - `area`: a numbered or named part of a town (`12-й квартал`, `массив Чиланзар`).
 */
export type Binding = 'before' | 'after' | 'unit' | 'area';

export interface Keyword {
  readonly code: string;
  readonly binding: Binding;
  /** Streets, avenues, lanes: what bears house numbers. */
  readonly isStreet: boolean;
  /** Takes a number that is joined to it: `5-uy`, `12-daha`. */
  readonly counts: boolean;
  /** Uzbek in Cyrillic letters, a sign that the whole address is. */
  readonly isUzbekCyrillic: boolean;
}

interface Meaning {
  readonly code: string;
  readonly isStreet?: true;
  /** Space-separated spellings by binding, lower case, ё as е, apostrophes as '. */
  readonly before?: string;
  readonly after?: string;
  readonly afterUzbekCyrillic?: string;
  readonly unit?: string;
  readonly unitUzbekCyrillic?: string;
  readonly area?: string;
  readonly areaUzbekCyrillic?: string;
}

const meanings: readonly Meaning[] = [
  {
    code: 'ul',
    isStreet: true,
    before: "ул улица ul ulitsa ko'ch ko'cha",
    after: "ko'chasi kochasi",
    afterUzbekCyrillic: 'кўчаси кўча кўч кучаси',
  },
  {
    code: 'prosp',
    isStreet: true,
    // `пр` too, unless an ordinal stands before it: `1-й пр.` is a проезд.
    before: 'пр пр-т пр-кт просп проспект prospekt',
    after: "prospekti shohko'chasi",
    afterUzbekCyrillic: 'проспекти шоҳкўчаси',
  },
  {
    code: 'per',
    isStreet: true,
    before: 'пер переулок pereulok',
    after: "torko'chasi",
    afterUzbekCyrillic: 'торкўчаси',
  },
  { code: 'prd', isStreet: true, before: 'проезд пр-д proyezd', after: 'proyezdi', afterUzbekCyrillic: 'проезди' },
  { code: 'tup', isStreet: true, before: 'туп тупик tupik', after: "berkko'chasi", afterUzbekCyrillic: 'берккўчаси' },
  {
    code: 'bulv',
    isStreet: true,
    before: 'б-р бул бульв бульвар bulvar',
    after: 'bulvari',
    afterUzbekCyrillic: 'бульвари',
  },
  { code: 'xiyob', isStreet: true, after: 'xiyoboni', afterUzbekCyrillic: 'хиёбони хиебони' },
  { code: 'shse', isStreet: true, before: 'шоссе ш-се shosse', after: 'shossesi', afterUzbekCyrillic: 'шоссеси' },
  { code: 'nab', isStreet: true, before: 'наб набережная' },
  { code: 'pl', isStreet: true, before: 'пл площадь', after: 'maydoni', afterUzbekCyrillic: 'майдони' },

  {
    code: 'mkr',
    area: 'мкр мкрн мкр-н микрорайон mkr mikrorayon daha',
    areaUzbekCyrillic: 'даҳа',
    after: 'mikrorayoni dahasi',
    afterUzbekCyrillic: 'даҳаси',
  },
  { code: 'massiv', area: 'массив жилмассив massiv', after: 'massivi', afterUzbekCyrillic: 'массиви' },
  { code: 'mavze', area: 'mavze', areaUzbekCyrillic: 'мавзе', after: 'mavzesi', afterUzbekCyrillic: 'мавзеси' },
  { code: 'kvart', area: 'квартал кв-л kvartal', after: 'kvartali', afterUzbekCyrillic: 'квартали' },
  {
    code: 'mfy',
    before: 'махалля махалла',
    after: 'mahalla mahallasi mfy',
    afterUzbekCyrillic: 'маҳалла маҳалласи мфй',
  },

  { code: 'g', before: 'г гор город', after: 'shahar shahri sh', afterUzbekCyrillic: 'шаҳар шаҳри' },
  { code: 'rn', before: 'р-н район', after: 'tuman tumani rayoni', afterUzbekCyrillic: 'туман тумани райони' },
  { code: 'obl', before: 'обл область', after: 'viloyat viloyati', afterUzbekCyrillic: 'вилоят вилояти' },
  { code: 'pos', before: 'пос поселок' },
  { code: 'selo', before: 'село' },
  { code: 'kishl', before: 'кишлак qishloq', after: "qishlog'i", afterUzbekCyrillic: 'қишлоғи' },

  { code: 'd', unit: 'д дом d uy dom', unitUzbekCyrillic: 'уй' },
  { code: 'k', unit: 'к корп корпус k korp korpus', unitUzbekCyrillic: 'корпуси' },
  { code: 'str', unit: 'стр строение' },
  { code: 'vl', unit: 'вл владение' },
  { code: 'lit', unit: 'лит литер литера' },
  { code: 'blok', unit: 'блок blok' },
  { code: 'kv', unit: 'кв квартира кв-ра kv kvartira xonadon', unitUzbekCyrillic: 'хонадон' },
  { code: 'of', unit: 'оф офис ofis' },
  { code: 'pod', unit: "под подъезд подьезд под'езд п-д podyezd yo'lak", unitUzbekCyrillic: 'йўлак' },
  { code: 'et', unit: 'эт этаж qavat', unitUzbekCyrillic: 'қават' },
];

/** `shoh ko'chasi` is one designator in two words; so are the lane and the dead end. */
export const streetQualifiers: ReadonlyMap<string, string> = new Map([
  ['shoh', 'prosp'],
  ['шоҳ', 'prosp'],
  ['tor', 'per'],
  ['тор', 'per'],
  ['berk', 'tup'],
  ['берк', 'tup'],
]);

export const keywords: ReadonlyMap<string, Keyword> = new Map(meanings.flatMap(spellingsOf));
export const codes: ReadonlySet<string> = new Set(meanings.map(({ code }) => code));

/** What follows the hyphen of an ordinal number, where it is more than a letter: `5-ый`, `2-chi`. */
export const ordinalEndings: ReadonlySet<string> = new Set(
  'ый ий ой ая яя ое ее го его ого му chi nchi inchi чи нчи инчи th nd rd st'.split(' '),
);

function spellingsOf(meaning: Meaning): [string, Keyword][] {
  const counts = meaning.unit !== undefined || meaning.area !== undefined;
  const spell = (words: string | undefined, binding: Binding, isUzbekCyrillic: boolean): [string, Keyword][] =>
    (words?.split(' ') ?? []).map((word) => [
      word,
      { code: meaning.code, binding, isStreet: meaning.isStreet ?? false, counts, isUzbekCyrillic },
    ]);
  return [
    ...spell(meaning.before, 'before', false),
    ...spell(meaning.after, 'after', false),
    ...spell(meaning.afterUzbekCyrillic, 'after', true),
    ...spell(meaning.unit, 'unit', false),
    ...spell(meaning.unitUzbekCyrillic, 'unit', true),
    ...spell(meaning.area, 'area', false),
    ...spell(meaning.areaUzbekCyrillic, 'area', true),
  ];
}
