/**
 * Facts about Uzbekistan that GeoNames' list of populated places lacks: names of the regions by admin1 code, the
 * districts of Tashkent (their centres, to about a kilometre), the usual Russian and Uzbek name of each city.
 */

import type { GazetteerPlace } from './world-index.ts';

export interface LocalNames {
  readonly ru: string;
  readonly uz: string;
  readonly en: string;
}

export const regionsByAdmin1: Readonly<Record<string, LocalNames>> = {
  '01': { ru: 'Андижанская область', uz: 'Andijon viloyati', en: 'Andijan Region' },
  '02': { ru: 'Бухарская область', uz: 'Buxoro viloyati', en: 'Bukhara Region' },
  '03': { ru: 'Ферганская область', uz: 'Fargʻona viloyati', en: 'Fergana Region' },
  '05': { ru: 'Хорезмская область', uz: 'Xorazm viloyati', en: 'Xorazm Region' },
  '06': { ru: 'Наманганская область', uz: 'Namangan viloyati', en: 'Namangan Region' },
  '07': { ru: 'Навоийская область', uz: 'Navoiy viloyati', en: 'Navoiy Region' },
  '08': { ru: 'Кашкадарьинская область', uz: 'Qashqadaryo viloyati', en: 'Qashqadaryo Region' },
  '09': { ru: 'Республика Каракалпакстан', uz: 'Qoraqalpogʻiston Respublikasi', en: 'Republic of Karakalpakstan' },
  '10': { ru: 'Самаркандская область', uz: 'Samarqand viloyati', en: 'Samarqand Region' },
  '12': { ru: 'Сурхандарьинская область', uz: 'Surxondaryo viloyati', en: 'Surxondaryo Region' },
  '13': { ru: 'Ташкент', uz: 'Toshkent', en: 'Tashkent' },
  '14': { ru: 'Ташкентская область', uz: 'Toshkent viloyati', en: 'Tashkent Region' },
  '15': { ru: 'Джизакская область', uz: 'Jizzax viloyati', en: 'Jizzakh Region' },
  '16': { ru: 'Сырдарьинская область', uz: 'Sirdaryo viloyati', en: 'Sirdaryo Region' },
};

export interface District {
  readonly names: LocalNames;
  /** The bare name as people write it, in all scripts. */
  readonly spellings: readonly string[];
  readonly latitude: number;
  readonly longitude: number;
}

export const tashkentGeonameId = 1512569;

export const tashkentDistricts: readonly District[] = [
  district(
    'Алмазарский',
    'Olmazor',
    'Almazar',
    ['Алмазар', 'Олмазор', 'Собир Рахимов', 'Сабир-Рахимовский', 'Собир-Рахимовский', 'Собир Раҳимов', 'Sobir Rahimov'],
    41.348,
    69.215,
  ),
  district('Бектемирский', 'Bektemir', 'Bektemir', ['Бектемир'], 41.21, 69.335),
  district('Мирабадский', 'Mirobod', 'Mirabad', ['Мирабад', 'Миробод', 'Мирободский'], 41.285, 69.28),
  district(
    'Мирзо-Улугбекский',
    'Mirzo Ulugʻbek',
    'Mirzo Ulugbek',
    ['Мирзо Улугбек', 'Мирзо-Улугбек', 'Мирзо Улуғбек', 'М.Улугбек', 'Мирзо Улугбекский'],
    41.33,
    69.34,
  ),
  district('Сергелийский', 'Sergeli', 'Sergeli', ['Сергели', 'Sirgʻali', 'Сирғали', 'Сергелинский'], 41.225, 69.22),
  district(
    'Учтепинский',
    'Uchtepa',
    'Uchtepa',
    ['Учтепа', 'Акмаль-Икрамовский', 'Акмаль Икрамов', 'Акмал Икромов', 'Акмал-Икрамовский', 'Akmal Ikromov'],
    41.295,
    69.175,
  ),
  district('Чиланзарский', 'Chilonzor', 'Chilanzar', ['Чиланзар', 'Чилонзор', 'Чилонзорский'], 41.275, 69.205),
  district(
    'Шайхантахурский',
    'Shayxontohur',
    'Shaykhantakhur',
    ['Шайхантахур', 'Шайхантаур', 'Шайхантаурский', 'Шайхонтохурский', 'Шайхонтоҳур', 'Шайхонтохур', 'Shayxontoxur'],
    41.325,
    69.23,
  ),
  district('Юнусабадский', 'Yunusobod', 'Yunusabad', ['Юнусабад', 'Юнусобод', 'Юнусободский'], 41.365, 69.285),
  district('Яккасарайский', 'Yakkasaroy', 'Yakkasaray', ['Яккасарай', 'Яккасарой', 'Яккасаройский'], 41.28, 69.255),
  district(
    'Яшнабадский',
    'Yashnobod',
    'Yashnabad',
    ['Яшнабад', 'Яшнобод', 'Яшнободский', 'Хамзинский', 'Хамза', 'Ҳамза', 'Hamza tumani'],
    41.29,
    69.34,
  ),
  district(
    'Янгихаётский',
    'Yangihayot',
    'Yangihayot',
    ['Янгихаёт', 'Янгиҳаёт', 'Янги Ҳаёт', 'Янги Хаёт', 'Янгихаят', 'Янгихаятский', 'Yangi Hayot', 'Yangihayot'],
    41.2,
    69.215,
  ),
];

function district(
  ru: string,
  uz: string,
  en: string,
  spellings: readonly string[],
  latitude: number,
  longitude: number,
): District {
  return {
    names: { ru: `${ru} район`, uz: `${uz} tumani`, en: `${en} District` },
    spellings: [ru, uz, en, ...spellings],
    latitude,
    longitude,
  };
}

/**
 * Towns missing in the list of places with 500 inhabitants (coordinates to about a kilometre), with own negative ids.
 */
export const townsBeyondGeonames: readonly { readonly place: GazetteerPlace; readonly names: LocalNames }[] = [
  town(-1, { ru: 'Зарафшан', uz: 'Zarafshon', en: 'Zarafshan' }, 41.573, 64.205, '07', 85_000),
  town(-2, { ru: 'Тахиаташ', uz: 'Taxiatosh', en: 'Takhiatash' }, 42.333, 59.583, '09', 50_000),
  town(-3, { ru: 'Шерабад', uz: 'Sherobod', en: 'Sherabad' }, 37.667, 67.0, '12', 30_000),
  town(-4, { ru: 'Джаркурган', uz: 'Jarqoʻrgʻon', en: 'Jarkurgan' }, 37.508, 67.418, '12', 20_000),
  town(-5, { ru: 'Кумкурган', uz: 'Qumqoʻrgʻon', en: 'Kumkurgan' }, 37.827, 67.591, '12', 20_000),
  town(-6, { ru: 'Келес', uz: 'Keles', en: 'Keles' }, 41.399, 69.203, '14', 30_000),
  town(-7, { ru: 'Ширин', uz: 'Shirin', en: 'Shirin' }, 40.217, 69.133, '16', 18_000),
];

function town(
  geonameId: number,
  names: LocalNames,
  latitude: number,
  longitude: number,
  admin1Code: string,
  population: number,
): { readonly place: GazetteerPlace; readonly names: LocalNames } {
  const place: GazetteerPlace = {
    geonameId,
    name: names.uz,
    asciiName: names.en,
    alternateNames: [names.ru],
    latitude,
    longitude,
    featureCode: 'PPL',
    countryCode: 'UZ',
    admin1Code,
    population,
  };
  return { place, names };
}

/** By GeoNames id. Cities that are not listed use GeoNames' Latin name and their plainest Cyrillic one. */
export const cityNames: Readonly<Record<number, LocalNames>> = {
  1512569: { ru: 'Ташкент', uz: 'Toshkent', en: 'Tashkent' },
  1513157: { ru: 'Наманган', uz: 'Namangan', en: 'Namangan' },
  1216265: { ru: 'Самарканд', uz: 'Samarqand', en: 'Samarkand' },
  1514588: { ru: 'Андижан', uz: 'Andijon', en: 'Andijan' },
  601294: { ru: 'Нукус', uz: 'Nukus', en: 'Nukus' },
  1514019: { ru: 'Фергана', uz: 'Fargʻona', en: 'Fergana' },
  1217662: { ru: 'Бухара', uz: 'Buxoro', en: 'Bukhara' },
  1216311: { ru: 'Карши', uz: 'Qarshi', en: 'Karshi' },
  1512979: { ru: 'Коканд', uz: 'Qoʻqon', en: 'Kokand' },
  1513243: { ru: 'Маргилан', uz: 'Margʻilon', en: 'Margilan' },
  1514581: { ru: 'Ангрен', uz: 'Angren', en: 'Angren' },
  1215957: { ru: 'Термез', uz: 'Termiz', en: 'Termez' },
  1513886: { ru: 'Джизак', uz: 'Jizzax', en: 'Jizzakh' },
  1514210: { ru: 'Чирчик', uz: 'Chirchiq', en: 'Chirchik' },
  1512473: { ru: 'Ургенч', uz: 'Urganch', en: 'Urgench' },
  1513131: { ru: 'Навои', uz: 'Navoiy', en: 'Navoi' },
  1216187: { ru: 'Шахрисабз', uz: 'Shahrisabz', en: 'Shahrisabz' },
  1513064: { ru: 'Алмалык', uz: 'Olmaliq', en: 'Almalyk' },
  1514402: { ru: 'Бекабад', uz: 'Bekobod', en: 'Bekabad' },
  1513604: { ru: 'Хива', uz: 'Xiva', en: 'Khiva' },
  1216982: { ru: 'Каттакурган', uz: 'Kattaqoʻrgʻon', en: 'Kattakurgan' },
  1513966: { ru: 'Гулистан', uz: 'Guliston', en: 'Gulistan' },
  601323: { ru: 'Кунград', uz: 'Qoʻngʻirot', en: 'Kungrad' },
  1217474: { ru: 'Денау', uz: 'Denov', en: 'Denau' },
  1217007: { ru: 'Касан', uz: 'Koson', en: 'Koson' },
  1514387: { ru: 'Беруни', uz: 'Beruniy', en: 'Beruniy' },
  1217180: { ru: 'Каган', uz: 'Kogon', en: 'Kogon' },
  1512339: { ru: 'Янгиюль', uz: 'Yangiyoʻl', en: 'Yangiyul' },
  1513017: { ru: 'Паркент', uz: 'Parkent', en: 'Parkent' },
  1513567: { ru: 'Кибрай', uz: 'Qibray', en: 'Kibray' },
  1513983: { ru: 'Гиждуван', uz: 'Gʻijduvon', en: 'Gijduvan' },
  1216475: { ru: 'Мубарек', uz: 'Muborak', en: 'Mubarek' },
  1513092: { ru: 'Турткуль', uz: 'Toʻrtkoʻl', en: 'Turtkul' },
  1514225: { ru: 'Чимган', uz: 'Chimgʻon', en: 'Chimgan' },
  1512770: { ru: 'Сырдарья', uz: 'Sirdaryo', en: 'Sirdaryo' },
  1512501: { ru: 'Учкурган', uz: 'Uchqoʻrgʻon', en: 'Uchkurgan' },
  1538231: { ru: 'Учкудук', uz: 'Uchquduq', en: 'Uchkuduk' },
  1215839: { ru: 'Ургут', uz: 'Urgut', en: 'Urgut' },
  1513996: { ru: 'Газалкент', uz: 'Gʻazalkent', en: 'Gazalkent' },
  1513072: { ru: 'Ахангаран', uz: 'Ohangaron', en: 'Akhangaran' },
  1512524: { ru: 'Нурафшан', uz: 'Nurafshon', en: 'Nurafshon' },
  1514330: { ru: 'Бука', uz: 'Boʻka', en: 'Buka' },
  1514668: { ru: 'Аккурган', uz: 'Oqqoʻrgʻon', en: 'Akkurgan' },
  1514215: { ru: 'Чиназ', uz: 'Chinoz', en: 'Chinaz' },
  1512986: { ru: 'Пскент', uz: 'Piskent', en: 'Pskent' },
  1513714: { ru: 'Касансай', uz: 'Kosonsoy', en: 'Kosonsoy' },
  1514258: { ru: 'Чартак', uz: 'Chortoq', en: 'Chartak' },
  1512423: { ru: 'Вабкент', uz: 'Vobkent', en: 'Vabkent' },
  1512838: { ru: 'Шафиркан', uz: 'Shofirkon', en: 'Shafirkan' },
  1216290: { ru: 'Ромитан', uz: 'Romitan', en: 'Romitan' },
  1217907: { ru: 'Алат', uz: 'Olot', en: 'Alat' },
  1217658: { ru: 'Булунгур', uz: 'Bulungʻur', en: 'Bulungur' },
  1217215: { ru: 'Иштыхан', uz: 'Ishtixon', en: 'Ishtikhan' },
  1217414: { ru: 'Джамбай', uz: 'Jomboy', en: 'Jambay' },
  1217262: { ru: 'Гузар', uz: 'Gʻuzor', en: 'Guzar' },
  1217540: { ru: 'Чиракчи', uz: 'Chiroqchi', en: 'Chirakchi' },
  1513331: { ru: 'Кувасай', uz: 'Quvasoy', en: 'Kuvasay' },
  1512832: { ru: 'Шахрихан', uz: 'Shahrixon', en: 'Shahrixon' },
  1513271: { ru: 'Асака', uz: 'Asaka', en: 'Asaka' },
  1216115: { ru: 'Шурчи', uz: 'Shoʻrchi', en: 'Shurchi' },
  1538222: { ru: 'Турткуль', uz: 'Toʻrtkoʻl', en: 'Turtkul' },
  601339: { ru: 'Ходжейли', uz: 'Xoʻjayli', en: 'Khojayli' },
  829960: { ru: 'Чимбай', uz: 'Chimboy', en: 'Chimbay' },
  1538232: { ru: 'Кармана', uz: 'Karmana', en: 'Karmana' },
  1513578: { ru: 'Ханабад', uz: 'Xonobod', en: 'Khanabad' },
  1514140: { ru: 'Питнак', uz: 'Pitnak', en: 'Pitnak' },
  ...Object.fromEntries(townsBeyondGeonames.map(({ place, names }) => [place.geonameId, names])),
};
