/**
 * The designators of addresses in Russian and Uzbek (Latin and Cyrillic), as data.
 *
 * A code stands for one meaning. Words share a code only where they mean the same thing everywhere: a daha (даҳа) is a
 * микрорайон, but a massiv, a mavze and a квартал are kept apart, for Tashkent has estates where two of them bear one
 * number.
 */

import { toCyrillic } from '../uzbek-script.ts';

export type DesignatorKind =
  | 'region'
  | 'city'
  | 'district'
  | 'quarter'
  | 'street'
  | 'lane'
  | 'house'
  | 'building'
  | 'flat'
  | 'room'
  | 'entrance'
  | 'floor'
  | 'intercom'
  | 'landmark_marker'
  | 'landmark_before'
  | 'landmark_after'
  | 'no_number';

export interface Designator {
  readonly code: string;
  readonly kind: DesignatorKind;
  /**
   * Where its name stands. `before` the name, as in Russian (`ул. Навои`), and behind it only at the end of a phrase;
   * `after` the name, as in Uzbek (`Navoiy ko'chasi`); `either`: after a name if there is one (`Чиланзарский р-н`,
   * `р-н Чиланзарский`).
   */
  readonly position: 'before' | 'after' | 'either';
  /** Uzbek: counts what stands before it (`5 uy`), whatever follows. */
  readonly isUzbek: boolean;
}

interface Meaning {
  readonly code: string;
  readonly kind: DesignatorKind;
  /** Space-separated spellings, lower case, ё as е, apostrophes as '; a tilde stands for a space. */
  readonly before?: string;
  readonly either?: string;
  readonly after?: string;
}

const kucha = "ko'ch ko'cha ko'chasi koch kocha kochasi kuch kucha kuchasi кўч кўча кўчаси куч куча кучаси коча кочаси";
const compound = (first: string): string => `${first.split(' ').flatMap(joinedWithKucha).join(' ')}`;

/** `shoh ko'chasi`, `shohko'chasi`, `shox k.`. */
function joinedWithKucha(word: string): string[] {
  return kucha.split(' ').flatMap((street) => [`${word}~${street}`, word + street, `${word}-${street}`]);
}

const meanings: readonly Meaning[] = [
  {
    code: 'obl',
    kind: 'region',
    either: 'обл область oblast obl',
    after: 'region viloyat viloyati vil вилоят вилояти вил',
  },
  { code: 'resp', kind: 'region', before: 'республика респ respublika', after: 'respublikasi республикаси' },
  {
    code: 'g',
    kind: 'city',
    before: 'г гор город g gor gorod',
    after: 'city sh shahar shahri shaxar shaxri shaharda ш шаҳар шаҳри шахар шахри',
  },
  {
    code: 'pos',
    kind: 'city',
    before: 'пос поселок пгт п/г/т poselok posyolok',
    after: "posyolkasi poselkasi поселкаси shahar~posyolkasi qo'rg'oni қўрғони кургони",
  },
  { code: 'shch', kind: 'city', after: 'shaharcha shaharchasi шаҳарча шаҳарчаси шахарча шахарчаси shaxarchasi' },
  { code: 'selo', kind: 'city', before: 'село selo' },
  {
    code: 'kishl',
    kind: 'city',
    before: 'кишлак kishlak',
    after: "qishloq qishlog'i қишлоқ қишлоғи кишлок кишлоги",
  },
  { code: 'aul', kind: 'city', before: 'аул', after: 'ovul ovuli овул овули awil awili' },
  {
    code: 'rn',
    kind: 'district',
    either: 'р-н район рн р-он р/н r-n rn rayon raion',
    after: 'district tuman tumani tum t туман тумани тум т rayoni райони',
  },

  {
    code: 'mkr',
    kind: 'quarter',
    either:
      'мкр мкрн мкр-н м-н мк-н м/р м-р микрорайон микро~район микро mkr mkrn mikrorayon mikrorayoni mikrarayon микрорайони ' +
      'kichik~tuman kichik~tumani кичик~туман кичик~тумани daha dahasi daxa daxasi даҳа даҳаси даха дахаси',
  },
  {
    code: 'massiv',
    kind: 'quarter',
    either:
      'массив жилмассив жил~массив ж/массив жилой~массив м-в мас масс массиви ж/м жм massiv massivi massiva mas maskani maskan маскани',
  },
  { code: 'mavze', kind: 'quarter', either: 'mavze mavzesi mavzei мавзе мавзеси мавзеи мавз mavz' },
  {
    code: 'kvart',
    kind: 'quarter',
    either: 'квартал кв-л квл кварт квартол кв-л-л kvartal kvartali kv-l kvl kvartol квартали',
  },
  {
    code: 'mfy',
    kind: 'quarter',
    before: 'махалля махалла мах мфи',
    after:
      "mahalla mahallasi mahallesi maxalla maxallasi mahalla~fuqarolar~yig'ini mfy маҳалла маҳалласи махалласи мфй мсг мфи мчж~мфй msg mah max",
  },
  { code: 'qfy', kind: 'quarter', before: '', after: "qfy kfy кфй қфй ксг qishloq~fuqarolar~yig'ini" },
  { code: 'shfy', kind: 'quarter', after: 'shfy шфй ofy офй тхай' },
  { code: 'guzar', kind: 'quarter', after: 'guzari гузари' },

  {
    code: 'ul',
    kind: 'street',
    before: 'ул улица улице улицы ул-ца ulitsa ulica ul',
    after: `${kucha} street`,
  },
  {
    code: 'prosp',
    kind: 'street',
    // `пр` too, unless an ordinal stands before it: `1-й пр.` may be a проезд, and stays `пр`.
    before: 'пр-т пр-кт просп проспект prospekt prosp пр-к',
    after: `prospekti проспекти avenue shox~k ${compound('shoh shox шоҳ шох')}`,
  },
  { code: 'pr', kind: 'street', before: 'пр pr' },
  { code: 'bulv', kind: 'street', before: 'б-р бул бульв бульвар bulvar', after: 'bulvari бульвари' },
  { code: 'xiyob', kind: 'street', after: 'xiyoboni хиёбони хиебони' },
  { code: 'shse', kind: 'street', before: 'шоссе ш-се shosse', after: 'shossesi шоссеси' },
  { code: 'nab', kind: 'street', before: 'наб набережная' },
  { code: 'pl', kind: 'street', before: 'пл площадь ploshad', after: 'maydoni майдони' },
  {
    code: 'per',
    kind: 'lane',
    before: 'пер переулок пер-к pereulok per',
    after: `${compound('tor тор')} tor тор jinko'cha жинкўча`,
  },
  {
    code: 'prd',
    kind: 'lane',
    before: 'проезд пр-д прд proyezd proezd',
    after: "proyezdi проезди o'tish o'tishi",
  },
  { code: 'tup', kind: 'lane', before: 'тупик туп tupik', after: `tupigi тупиги ${compound('berk берк')} berk берк` },

  { code: 'd', kind: 'house', before: 'д дом dom d house building', after: 'uy uyi уй' },
  { code: 'k', kind: 'building', before: 'к корп корпус korp korpus k', after: 'korpusi корпуси' },
  { code: 'str', kind: 'building', before: 'стр строение с str' },
  { code: 'soor', kind: 'building', before: 'соор сооружение' },
  { code: 'flig', kind: 'building', before: 'фл флиг флигель' },
  { code: 'vl', kind: 'building', before: 'вл владение' },
  { code: 'lit', kind: 'building', before: 'лит литер литера' },
  { code: 'blok', kind: 'building', before: 'блок blok' },

  {
    code: 'kv',
    kind: 'flat',
    before: 'apartment flat кв квартира кв-ра кварт-ра kv kvartira kv-ra',
    after: 'xonadon xonadoni xon хонадон хонадони хон',
  },
  {
    code: 'of',
    kind: 'room',
    before:
      'оф офис ofis пом помещение помещ ком комната каб кабинет маг магазин павильон пав контейнер room office apt',
    after: "xona хона xonasi хонаси ofisi офиси pavilyon dokon do'kon дўкон дукон magazin",
  },
  {
    code: 'pod',
    kind: 'entrance',
    before: "под подъезд подьезд под'езд подезд п-д п вход podyezd podezd",
    after: "yo'lak yo'lagi йўлак йулак йўлаги kirish кириш kirishi pod'ezd",
  },
  { code: 'et', kind: 'floor', before: 'эт этаж etaj etazh floor', after: 'qavat qavati қават кават қавати' },
  {
    code: 'df',
    kind: 'intercom',
    before:
      'домофон дмф дф д/ф код kod код~домофона домоф domofon код~подъезда domofon~kodi домофон~коди kod~domofona intercom',
  },
  {
    code: 'near',
    kind: 'landmark_marker',
    before:
      "ориентир ориентиртрц ориентр ориент ор-р mo'ljal moljal mo'jal muljal мўлжал мулжал мулжал напротив возле около",
  },
  {
    code: 'place',
    kind: 'landmark_before',
    before:
      'трц тц тк трк остановка ост рынок базар школа ресторан кафе башня перекресток прод магазин~продуктовый бывший бывшая кинотеатр ' +
      'рядом~с гостиница отель больница поликлиника аптека станция метро бц бизнес-центр вокзал аэропорт садик детсад',
  },
  {
    code: 'place',
    kind: 'landmark_after',
    after:
      "savdo~markazi bozori базари базар бозори madaniyat~uyi маданият~уйи ro'parasi рўпараси yonida ёнида енида orqasida бозор bozor " +
      'binosi биноси мактаб~ёнида metro~bekati',
  },
  { code: 'none', kind: 'no_number', before: 'б/н бн дом-б/н raqamsiz рақамсиз ракамсиз б/у б-н' },
];

/** Uzbek forms of designators that stand on either side: they count what is before them. */
const uzbekEither =
  /^(daha|dahasi|daxa|daxasi|даҳа|даҳаси|даха|дахаси|mavze\w*|мавзе.*|мавз|mikrorayoni|микрорайони|massivi|массиви|maskani?|маскани|kvartali|квартали)$/u;

const russianLetters: Readonly<Record<string, string>> = { ў: 'у', қ: 'к', ғ: 'г', ҳ: 'х' };

export const designators: ReadonlyMap<string, Designator> = new Map([
  ...meanings.flatMap(spellingsOf).flatMap(inCyrillic),
  // Spellings listed explicitly win over spellings derived by transliteration.
  ...meanings.flatMap(spellingsOf),
]);
/** Their first words: most words of an address begin no designator. */
export const designatorStarts: ReadonlySet<string> = new Set(
  [...designators.keys()].map((text) => text.split(/[ /-]/, 1)[0] as string),
);
/** A designator has at most this many tokens. */
export const longestDesignator = 3;

/** Uzbek words in Latin letters, as they are typed in Cyrillic: with its own letters, and with the Russian ones alone. */
function inCyrillic([word, designator]: [string, Designator]): [string, Designator][] {
  if (designator.position !== 'after' || word.length < 4 || !/^[a-z' -]+$/.test(word)) return [];
  const exact = toCyrillic(word).replaceAll('ё', 'е');
  const loose = exact.replace(/[ўқғҳ]/g, (letter) => russianLetters[letter] as string);
  return [exact, loose].map((spelling) => [spelling, designator]);
}

function spellingsOf({ code, kind, before, either, after }: Meaning): [string, Designator][] {
  const spell = (words: string | undefined, position: Designator['position']): [string, Designator][] =>
    (words ?? '')
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => word.replaceAll('~', ' '))
      .map((word) => [word, { code, kind, position, isUzbek: position === 'after' || uzbekEither.test(word) }]);
  return [...spell(before, 'before'), ...spell(either, 'either'), ...spell(after, 'after')];
}

/** What follows the hyphen of an ordinal number: `5-ый`, `1-я`, `2-chi`. */
export const ordinalEndings: ReadonlySet<string> = new Set(
  'й я е ый ий ой ая яя ое ее го его ого му chi nchi inchi чи нчи инчи th nd rd st'.split(' '),
);

/** Words after which a number is a date or a jubilee: `8 Марта`, `40 лет Победы`, `60 yillik`. */
export const dateWords: ReadonlySet<string> = new Set(
  (
    'января февраля марта апреля мая июня июля августа сентября октября ноября декабря ' +
    'yanvar fevral mart aprel may iyun iyul avgust sentabr sentyabr oktabr oktyabr noyabr dekabr ' +
    'январ феврал март апрел май июн июл август сентябр октябр ноябр декабр ' +
    'лет летия летие год года yil yili yillik yilligi йил йили йиллик йиллиги съезд съезда партсъезд партсъезда ' +
    'панфиловцев бакинских комиссаров героев ноября'
  ).split(' '),
);
