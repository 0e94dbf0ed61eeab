/**
 * The emulator's streets: well-known ones of Tashkent and a few elsewhere. Their middle is right to some hundred
 * metres, length and direction are rough: good enough to look like an answer, too rough to be mistaken for one.
 */
import type { LocalNames } from '../../src/providers/offline_gazetteer/uzbekistan.ts';

export interface Street {
  readonly names: LocalNames;
  /** The bare names, as in an address with or without a designator. */
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

/** Districts of Tashkent, as in `tashkentDistricts`. */
const districts: Readonly<Record<string, number>> = {
  almazar: 0,
  mirabad: 2,
  ulugbek: 3,
  sergeli: 4,
  uchtepa: 5,
  chilanzar: 6,
  shaykhantakhur: 7,
  yunusabad: 8,
  yakkasaray: 9,
  yashnabad: 10,
};
const tashkentId = 1512569;
const otherCities: Readonly<Record<string, { readonly cityId: number; readonly postalCode: string }>> = {
  samarkand: { cityId: 1216265, postalCode: '140100' },
  bukhara: { cityId: 1217662, postalCode: '200100' },
  namangan: { cityId: 1513157, postalCode: '160100' },
  parkent: { cityId: 1513017, postalCode: '111200' },
};

/** District or city | kind | Russian | Uzbek | English | latitude longitude | heading | length | further spellings. */
const table = `
shaykhantakhur | street | Навои | Navoiy | Navoi | 41.3172 69.2511 | 100 | 2600 | Алишера Навои, Алишер Навоий, Alisher Navoiy, Навоий, А. Навои
yunusabad | avenue | Амира Темура | Amir Temur | Amir Temur | 41.3389 69.2848 | 12 | 6800 | Амир Темур, Амира Тимура, А. Темура
yakkasaray | street | Шота Руставели | Shota Rustaveli | Shota Rustaveli | 41.2889 69.2543 | 210 | 3200 | Руставели, Rustaveli
ulugbek | avenue | Мустакиллик | Mustaqillik | Mustaqillik | 41.3184 69.2989 | 70 | 3000 | Мустақиллик, Независимости
chilanzar | avenue | Бунёдкор | Bunyodkor | Bunyodkor | 41.2868 69.2203 | 245 | 6000 | Бунедкор
mirabad | avenue | Шарафа Рашидова | Sharof Rashidov | Sharof Rashidov | 41.3078 69.2759 | 60 | 1800 | Шараф Рашидов, Рашидова, Шароф Рашидов
mirabad | street | Нукус | Nukus | Nukus | 41.2934 69.2621 | 150 | 2100 | Нукусская
mirabad | street | Мирабад | Mirobod | Mirabad | 41.2961 69.2767 | 170 | 1900 | Мирабадская, Миробод
mirabad | street | Тараса Шевченко | Taras Shevchenko | Taras Shevchenko | 41.3004 69.2739 | 80 | 1100 | Шевченко, Shevchenko
mirabad | street | Афросиаб | Afrosiyob | Afrosiab | 41.2976 69.2668 | 130 | 1200 | Афросиёб
yakkasaray | street | Бабура | Bobur | Babur | 41.2802 69.2489 | 200 | 3600 | Бобур, Бобура, Захириддина Бабура
yakkasaray | street | Кичик Бешагач | Kichik Beshyogʻoch | Kichik Beshagach | 41.2947 69.2498 | 60 | 1700 | Кичик Бешёгоч
chilanzar | street | Мукими | Muqimiy | Mukimi | 41.2839 69.2275 | 110 | 2900 | Муқимий, Мукимий
chilanzar | street | Катартал | Qatortol | Katartal | 41.2772 69.2068 | 140 | 2500 | Қатортол
chilanzar | street | Чиланзарская | Chilonzor | Chilanzar | 41.2815 69.2011 | 160 | 3000 |
uchtepa | street | Фархадская | Farhod | Farkhad | 41.2853 69.1832 | 95 | 3500 | Фархад, Фарҳод, Фарход
uchtepa | street | Лутфи | Lutfiy | Lutfi | 41.2908 69.1921 | 100 | 2400 | Лутфий
uchtepa | street | Гагарина | Gagarin | Gagarin | 41.2945 69.2055 | 175 | 1500 | Юрия Гагарина
almazar | street | Беруни | Beruniy | Beruni | 41.3447 69.2062 | 280 | 5200 | Беруний
almazar | street | Каракамыш | Qoraqamish | Karakamysh | 41.3625 69.2178 | 330 | 2800 | Қорақамиш
almazar | street | Фараби | Forobiy | Farabi | 41.3512 69.2096 | 20 | 3900 | Форобий, Фаробий
almazar | street | Сагбан | Sagʻbon | Sagban | 41.3389 69.2297 | 325 | 4100 | Сағбон, Sagbon
shaykhantakhur | street | Уйгура | Uygʻur | Uygur | 41.3271 69.2298 | 75 | 1300 | Уйғур
shaykhantakhur | street | Абдуллы Кадыри | Abdulla Qodiriy | Abdulla Kadyri | 41.3259 69.2611 | 90 | 2200 | Абдулла Қодирий, Кадыри, Абдулла Кадыри
shaykhantakhur | street | Зулфияхоним | Zulfiyaxonim | Zulfiyakhonim | 41.3303 69.2455 | 110 | 1600 | Зульфия
shaykhantakhur | street | Лабзак | Labzak | Labzak | 41.3341 69.2661 | 15 | 2300 |
yunusabad | street | Ниёзбек йули | Niyozbek yoʻli | Niyozbek Yuli | 41.3401 69.2995 | 40 | 2700 | Ниезбек
yunusabad | street | Осиё | Osiyo | Osiyo | 41.3466 69.3028 | 65 | 2000 | Осие
yunusabad | street | Ахмада Дониша | Ahmad Donish | Akhmad Donish | 41.3648 69.2921 | 5 | 3600 | Ахмад Дониш, Аҳмад Дониш, Дониша
yunusabad | street | Богишамол | Bogʻishamol | Bogishamol | 41.3565 69.3034 | 20 | 4300 | Боғишамол
yunusabad | street | Янгишахар | Yangishahar | Yangishahar | 41.3539 69.2772 | 85 | 2500 | Янгишаҳар
yunusabad | street | Чинобод | Chinobod | Chinobod | 41.3619 69.2668 | 100 | 1900 | Чинабад
ulugbek | street | Мирзо Улугбека | Mirzo Ulugʻbek | Mirzo Ulugbek | 41.3321 69.3271 | 60 | 5400 | Мирзо Улуғбек
ulugbek | street | Буюк Ипак йули | Buyuk Ipak yoʻli | Buyuk Ipak Yuli | 41.3267 69.3296 | 75 | 5000 | Буюк Ипак Йўли, Великий шёлковый путь
ulugbek | street | Хамида Олимжона | Hamid Olimjon | Khamid Olimjon | 41.3187 69.3083 | 130 | 1500 | Хамид Олимджан
ulugbek | street | Паркентская | Parkent | Parkent | 41.3153 69.3305 | 80 | 3300 |
ulugbek | street | Ахмада Яссави | Ahmad Yassaviy | Akhmad Yassavi | 41.3398 69.3438 | 110 | 1700 | Яссави
yashnabad | avenue | Махтумкули | Maxtumquli | Makhtumkuli | 41.3016 69.3139 | 105 | 3700 | Махтумқули
yashnabad | street | Садыка Азимова | Sodiq Azimov | Sadyk Azimov | 41.3054 69.2979 | 70 | 1900 | Содиқ Азимов, Азимова
yashnabad | street | Авиасозлар | Aviasozlar | Aviasozlar | 41.2931 69.3441 | 90 | 4200 |
yashnabad | street | Фергана йули | Fargʻona yoʻli | Fergana Yuli | 41.2763 69.3092 | 120 | 6500 | Фаргона йули, Фарғона йўли
yakkasaray | street | Кушбеги | Qushbegi | Kushbegi | 41.2721 69.2563 | 240 | 2600 | Қушбеги
yakkasaray | street | Глинки | Glinka | Glinka | 41.2836 69.2634 | 60 | 1400 |
mirabad | street | Истикбол | Istiqbol | Istikbol | 41.3042 69.2869 | 100 | 1200 | Истиқбол
yashnabad | street | Тараккиёт | Taraqqiyot | Tarakkiyot | 41.3114 69.3207 | 85 | 3300 | Тараққиёт
sergeli | street | Янги Сергели | Yangi Sergeli | Yangi Sergeli | 41.2263 69.2203 | 160 | 4700 |
ulugbek | lane | Пушкина | Pushkin | Pushkin | 41.3221 69.3099 | 70 | 900 |
samarkand | street | Регистан | Registon | Registan | 39.6548 66.9757 | 80 | 1500 |
samarkand | street | Университетский бульвар | Universitet xiyoboni | University Boulevard | 39.6512 66.9617 | 100 | 1700 | Университетский
samarkand | street | Гагарина | Gagarin | Gagarin | 39.6593 66.9309 | 90 | 4200 |
bukhara | street | Бахауддина Накшбанда | Bahouddin Naqshband | Bakhauddin Nakshband | 39.7732 64.4284 | 85 | 2600 | Накшбанда, Бахоуддин Нақшбанд
bukhara | street | Мустакиллик | Mustaqillik | Mustaqillik | 39.7659 64.4222 | 160 | 3100 | Мустақиллик
namangan | street | Дустлик | Doʻstlik | Dustlik | 40.9983 71.6726 | 20 | 3300 | Дўстлик
parkent | street | Бустон | Boʻston | Buston | 41.2951 69.6768 | 45 | 1800 | Бўстон`;

export const streets: readonly Street[] = table.trim().split('\n').map(toStreet);

function toStreet(line: string, index: number): Street {
  const [place = '', kind = '', ru = '', uz = '', en = '', middle = '', heading, length, further = ''] = line
    .split('|')
    .map((part) => part.trim());
  const [latitude, longitude] = middle.split(' ').map(Number) as [number, number];
  return {
    names: nameStreet(kind, ru, uz, en),
    spellings: [ru, uz, en, ...(further === '' ? [] : further.split(', '))],
    // Tashkent's postal codes are invented: one per district.
    ...(otherCities[place] ?? { cityId: tashkentId, postalCode: `1000${String(index).padStart(2, '0')}` }),
    district: districts[place] ?? null,
    latitude,
    longitude,
    headingDegrees: Number(heading),
    lengthMeters: Number(length),
  };
}

function nameStreet(kind: string, ru: string, uz: string, en: string): LocalNames {
  // A name that contains its own kind ("бульвар") or is an adjective ("Паркентская") follows Russian usage.
  const adjective = ru.endsWith('ская');
  const own = ru.endsWith('бульвар');
  if (own) return { ru, uz, en };
  if (kind === 'avenue') {
    return { ru: `проспект ${ru}`, uz: `${uz} shoh koʻchasi`, en: `${en} Avenue` };
  }
  if (kind === 'lane') return { ru: `переулок ${ru}`, uz: `${uz} tor koʻchasi`, en: `${en} Lane` };
  return { ru: adjective ? `${ru} улица` : `улица ${ru}`, uz: `${uz} koʻchasi`, en: `${en} Street` };
}
