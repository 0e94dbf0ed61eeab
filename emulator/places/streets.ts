/**
 * Streets the emulator knows: well-known ones of Tashkent and a few elsewhere. The middle is right to some hundred metres,
 * length and direction are rough: good enough to look like an answer, too rough to be taken for one.
 */
import type { LocalNames } from '../../src/providers/offline_gazetteer/uzbekistan.ts';

export interface Street {
  readonly names: LocalNames;
  /** The bare names, as they stand in an address beside or without a word for "street". */
  readonly spellings: readonly string[];
  /** GeoNames id of the city. */
  readonly cityId: number;
  /** Index into `tashkentDistricts`; null outside Tashkent. */
  readonly district: number | null;
  readonly latitude: number;
  readonly longitude: number;
  /** Degrees clockwise from north. */
  readonly headingDegrees: number;
  readonly lengthMeters: number;
  readonly postalCode: string;
}

type StreetKind = 'street' | 'avenue' | 'lane';
type Row = readonly [
  kind: StreetKind,
  ru: string,
  uz: string,
  en: string,
  district: number | null,
  latitude: number,
  longitude: number,
  headingDegrees: number,
  lengthMeters: number,
  ...spellings: string[],
];

/** Districts, as in `tashkentDistricts`. */
const [almazar, , mirabad, ulugbek, sergeli, uchtepa, chilanzar, shaykhantakhur, yunusabad, yakkasaray, yashnabad] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
] as const;
const tashkent = 1512569;
const samarkand = 1216265;
const bukhara = 1217662;
const namangan = 1513157;
const parkent = 1513017;

const tashkentRows: readonly Row[] = [
  [
    'street',
    'Навои',
    'Navoiy',
    'Navoi',
    shaykhantakhur,
    41.3172,
    69.2511,
    100,
    2600,
    'Алишера Навои',
    'Алишер Навоий',
    'Alisher Navoiy',
    'Навоий',
    'А. Навои',
  ],
  [
    'avenue',
    'Амира Темура',
    'Amir Temur',
    'Amir Temur',
    yunusabad,
    41.3389,
    69.2848,
    12,
    6800,
    'Амир Темур',
    'Амира Тимура',
    'А. Темура',
  ],
  [
    'street',
    'Шота Руставели',
    'Shota Rustaveli',
    'Shota Rustaveli',
    yakkasaray,
    41.2889,
    69.2543,
    210,
    3200,
    'Руставели',
    'Rustaveli',
  ],
  [
    'avenue',
    'Мустакиллик',
    'Mustaqillik',
    'Mustaqillik',
    ulugbek,
    41.3184,
    69.2989,
    70,
    3000,
    'Мустақиллик',
    'Независимости',
  ],
  ['avenue', 'Бунёдкор', 'Bunyodkor', 'Bunyodkor', chilanzar, 41.2868, 69.2203, 245, 6000, 'Бунедкор'],
  [
    'avenue',
    'Шарафа Рашидова',
    'Sharof Rashidov',
    'Sharof Rashidov',
    mirabad,
    41.3078,
    69.2759,
    60,
    1800,
    'Шараф Рашидов',
    'Рашидова',
    'Шароф Рашидов',
  ],
  ['street', 'Нукус', 'Nukus', 'Nukus', mirabad, 41.2934, 69.2621, 150, 2100, 'Нукусская'],
  ['street', 'Мирабад', 'Mirobod', 'Mirabad', mirabad, 41.2961, 69.2767, 170, 1900, 'Мирабадская', 'Миробод'],
  [
    'street',
    'Тараса Шевченко',
    'Taras Shevchenko',
    'Taras Shevchenko',
    mirabad,
    41.3004,
    69.2739,
    80,
    1100,
    'Шевченко',
    'Shevchenko',
  ],
  ['street', 'Афросиаб', 'Afrosiyob', 'Afrosiab', mirabad, 41.2976, 69.2668, 130, 1200, 'Афросиёб'],
  [
    'street',
    'Бабура',
    'Bobur',
    'Babur',
    yakkasaray,
    41.2802,
    69.2489,
    200,
    3600,
    'Бобур',
    'Бобура',
    'Захириддина Бабура',
  ],
  [
    'street',
    'Кичик Бешагач',
    'Kichik Beshyogʻoch',
    'Kichik Beshagach',
    yakkasaray,
    41.2947,
    69.2498,
    60,
    1700,
    'Кичик Бешёгоч',
  ],
  ['street', 'Мукими', 'Muqimiy', 'Mukimi', chilanzar, 41.2839, 69.2275, 110, 2900, 'Муқимий', 'Мукимий'],
  ['street', 'Катартал', 'Qatortol', 'Katartal', chilanzar, 41.2772, 69.2068, 140, 2500, 'Қатортол'],
  ['street', 'Чиланзарская', 'Chilonzor', 'Chilanzar', chilanzar, 41.2815, 69.2011, 160, 3000],
  ['street', 'Фархадская', 'Farhod', 'Farkhad', uchtepa, 41.2853, 69.1832, 95, 3500, 'Фархад', 'Фарҳод', 'Фарход'],
  ['street', 'Лутфи', 'Lutfiy', 'Lutfi', uchtepa, 41.2908, 69.1921, 100, 2400, 'Лутфий'],
  ['street', 'Гагарина', 'Gagarin', 'Gagarin', uchtepa, 41.2945, 69.2055, 175, 1500, 'Юрия Гагарина'],
  ['street', 'Беруни', 'Beruniy', 'Beruni', almazar, 41.3447, 69.2062, 280, 5200, 'Беруний'],
  ['street', 'Каракамыш', 'Qoraqamish', 'Karakamysh', almazar, 41.3625, 69.2178, 330, 2800, 'Қорақамиш'],
  ['street', 'Фараби', 'Forobiy', 'Farabi', almazar, 41.3512, 69.2096, 20, 3900, 'Форобий', 'Фаробий'],
  ['street', 'Сагбан', 'Sagʻbon', 'Sagban', almazar, 41.3389, 69.2297, 325, 4100, 'Сағбон', 'Sagbon'],
  ['street', 'Уйгура', 'Uygʻur', 'Uygur', shaykhantakhur, 41.3271, 69.2298, 75, 1300, 'Уйғур'],
  [
    'street',
    'Абдуллы Кадыри',
    'Abdulla Qodiriy',
    'Abdulla Kadyri',
    shaykhantakhur,
    41.3259,
    69.2611,
    90,
    2200,
    'Абдулла Қодирий',
    'Кадыри',
    'Абдулла Кадыри',
  ],
  ['street', 'Зулфияхоним', 'Zulfiyaxonim', 'Zulfiyakhonim', shaykhantakhur, 41.3303, 69.2455, 110, 1600, 'Зульфия'],
  ['street', 'Лабзак', 'Labzak', 'Labzak', shaykhantakhur, 41.3341, 69.2661, 15, 2300],
  ['street', 'Ниёзбек йули', 'Niyozbek yoʻli', 'Niyozbek Yuli', yunusabad, 41.3401, 69.2995, 40, 2700, 'Ниезбек'],
  ['street', 'Осиё', 'Osiyo', 'Osiyo', yunusabad, 41.3466, 69.3028, 65, 2000, 'Осие'],
  [
    'street',
    'Ахмада Дониша',
    'Ahmad Donish',
    'Akhmad Donish',
    yunusabad,
    41.3648,
    69.2921,
    5,
    3600,
    'Ахмад Дониш',
    'Аҳмад Дониш',
    'Дониша',
  ],
  ['street', 'Богишамол', 'Bogʻishamol', 'Bogishamol', yunusabad, 41.3565, 69.3034, 20, 4300, 'Боғишамол'],
  ['street', 'Янгишахар', 'Yangishahar', 'Yangishahar', yunusabad, 41.3539, 69.2772, 85, 2500, 'Янгишаҳар'],
  ['street', 'Чинобод', 'Chinobod', 'Chinobod', yunusabad, 41.3619, 69.2668, 100, 1900, 'Чинабад'],
  ['street', 'Мирзо Улугбека', 'Mirzo Ulugʻbek', 'Mirzo Ulugbek', ulugbek, 41.3321, 69.3271, 60, 5400, 'Мирзо Улуғбек'],
  [
    'street',
    'Буюк Ипак йули',
    'Buyuk Ipak yoʻli',
    'Buyuk Ipak Yuli',
    ulugbek,
    41.3267,
    69.3296,
    75,
    5000,
    'Буюк Ипак Йўли',
    'Великий шёлковый путь',
  ],
  [
    'street',
    'Хамида Олимжона',
    'Hamid Olimjon',
    'Khamid Olimjon',
    ulugbek,
    41.3187,
    69.3083,
    130,
    1500,
    'Хамид Олимджан',
  ],
  ['street', 'Паркентская', 'Parkent', 'Parkent', ulugbek, 41.3153, 69.3305, 80, 3300],
  ['street', 'Ахмада Яссави', 'Ahmad Yassaviy', 'Akhmad Yassavi', ulugbek, 41.3398, 69.3438, 110, 1700, 'Яссави'],
  ['avenue', 'Махтумкули', 'Maxtumquli', 'Makhtumkuli', yashnabad, 41.3016, 69.3139, 105, 3700, 'Махтумқули'],
  [
    'street',
    'Садыка Азимова',
    'Sodiq Azimov',
    'Sadyk Azimov',
    yashnabad,
    41.3054,
    69.2979,
    70,
    1900,
    'Содиқ Азимов',
    'Азимова',
  ],
  ['street', 'Авиасозлар', 'Aviasozlar', 'Aviasozlar', yashnabad, 41.2931, 69.3441, 90, 4200],
  [
    'street',
    'Фергана йули',
    'Fargʻona yoʻli',
    'Fergana Yuli',
    yashnabad,
    41.2763,
    69.3092,
    120,
    6500,
    'Фаргона йули',
    'Фарғона йўли',
  ],
  ['street', 'Кушбеги', 'Qushbegi', 'Kushbegi', yakkasaray, 41.2721, 69.2563, 240, 2600, 'Қушбеги'],
  ['street', 'Глинки', 'Glinka', 'Glinka', yakkasaray, 41.2836, 69.2634, 60, 1400],
  ['street', 'Истикбол', 'Istiqbol', 'Istikbol', mirabad, 41.3042, 69.2869, 100, 1200, 'Истиқбол'],
  ['street', 'Тараккиёт', 'Taraqqiyot', 'Tarakkiyot', yashnabad, 41.3114, 69.3207, 85, 3300, 'Тараққиёт'],
  ['street', 'Янги Сергели', 'Yangi Sergeli', 'Yangi Sergeli', sergeli, 41.2263, 69.2203, 160, 4700],
  ['lane', 'Пушкина', 'Pushkin', 'Pushkin', ulugbek, 41.3221, 69.3099, 70, 900],
];

const otherRows: readonly (readonly [cityId: number, postalCode: string, row: Row])[] = [
  [samarkand, '140100', ['street', 'Регистан', 'Registon', 'Registan', null, 39.6548, 66.9757, 80, 1500]],
  [
    samarkand,
    '140100',
    [
      'street',
      'Университетский бульвар',
      'Universitet xiyoboni',
      'University Boulevard',
      null,
      39.6512,
      66.9617,
      100,
      1700,
      'Университетский',
    ],
  ],
  [samarkand, '140100', ['street', 'Гагарина', 'Gagarin', 'Gagarin', null, 39.6593, 66.9309, 90, 4200]],
  [
    bukhara,
    '200100',
    [
      'street',
      'Бахауддина Накшбанда',
      'Bahouddin Naqshband',
      'Bakhauddin Nakshband',
      null,
      39.7732,
      64.4284,
      85,
      2600,
      'Накшбанда',
      'Бахоуддин Нақшбанд',
    ],
  ],
  [
    bukhara,
    '200100',
    ['street', 'Мустакиллик', 'Mustaqillik', 'Mustaqillik', null, 39.7659, 64.4222, 160, 3100, 'Мустақиллик'],
  ],
  [namangan, '160100', ['street', 'Дустлик', 'Doʻstlik', 'Dustlik', null, 40.9983, 71.6726, 20, 3300, 'Дўстлик']],
  [parkent, '111200', ['street', 'Бустон', 'Boʻston', 'Buston', null, 41.2951, 69.6768, 45, 1800, 'Бўстон']],
];

export const streets: readonly Street[] = [
  ...tashkentRows.map((row, index) => toStreet(row, tashkent, `1000${String(index % 100).padStart(2, '0')}`)),
  ...otherRows.map(([cityId, postalCode, row]) => toStreet(row, cityId, postalCode)),
];

function toStreet(row: Row, cityId: number, postalCode: string): Street {
  const [kind, ru, uz, en, district, latitude, longitude, headingDegrees, lengthMeters, ...spellings] = row;
  return {
    names: nameStreet(kind, ru, uz, en),
    spellings: [ru, uz, en, ...spellings],
    cityId,
    district,
    latitude,
    longitude,
    headingDegrees,
    lengthMeters,
    postalCode,
  };
}

function nameStreet(kind: StreetKind, ru: string, uz: string, en: string): LocalNames {
  // A name that brings its own kind ("бульвар") or is an adjective ("Паркентская") is said as Russian says it.
  const adjective = ru.endsWith('ская');
  const own = ru.endsWith('бульвар');
  if (own) return { ru, uz, en };
  if (kind === 'avenue') {
    return { ru: `проспект ${ru}`, uz: `${uz} shoh koʻchasi`, en: `${en} Avenue` };
  }
  if (kind === 'lane') return { ru: `переулок ${ru}`, uz: `${uz} tor koʻchasi`, en: `${en} Lane` };
  return { ru: adjective ? `${ru} улица` : `улица ${ru}`, uz: `${uz} koʻchasi`, en: `${en} Street` };
}
