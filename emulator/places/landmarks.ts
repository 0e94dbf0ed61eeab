/**
 * Places that are neither street nor town: metro stations, waters, the airport, and the tumans around Tashkent. Public
 * knowledge.
 */
import type { LocalNames } from '../../src/providers/offline_gazetteer/uzbekistan.ts';

export interface Landmark {
  readonly kind: 'metro' | 'hydro' | 'airport' | 'area';
  readonly names: LocalNames;
  readonly spellings: readonly string[];
  /** The line of a metro station. */
  readonly line?: LocalNames;
  /** GeoNames id of its city; null outside any city. */
  readonly cityId: number | null;
  readonly latitude: number;
  readonly longitude: number;
}

const tashkent = 1512569;
const chilanzarLine: LocalNames = { ru: 'Чиланзарская линия', uz: 'Chilonzor yoʻli', en: 'Chilonzor Line' };
const yunusabadLine: LocalNames = { ru: 'Юнусабадская линия', uz: 'Yunusobod yoʻli', en: 'Yunusobod Line' };

export const landmarks: readonly Landmark[] = [
  metro('Буюк Ипак Йули', 'Buyuk Ipak Yoʻli', 'Buyuk Ipak Yoʻli', chilanzarLine, 41.3267, 69.3286),
  metro('Пахтакор', 'Paxtakor', 'Paxtakor', chilanzarLine, 41.3148, 69.2553),
  metro('Чиланзар', 'Chilonzor', 'Chilonzor', chilanzarLine, 41.2743, 69.2046),
  metro('Новза', 'Novza', 'Novza', chilanzarLine, 41.2917, 69.2231),
  metro('Минор', 'Minor', 'Minor', yunusabadLine, 41.3283, 69.2829),
  metro('Бодомзор', 'Bodomzor', 'Bodomzor', yunusabadLine, 41.3379, 69.2846),
  {
    kind: 'hydro',
    names: { ru: 'река Чирчик', uz: 'Chirchiq daryosi', en: 'Chirchiq River' },
    spellings: ['река Чирчик', 'Chirchiq daryosi', 'Chirchiq River', 'Chirchik River'],
    cityId: null,
    latitude: 41.2167,
    longitude: 69.3667,
  },
  {
    kind: 'hydro',
    names: { ru: 'Чарвакское водохранилище', uz: 'Chorvoq suv ombori', en: 'Charvak Reservoir' },
    spellings: ['Чарвакское водохранилище', 'Чарвак', 'Chorvoq', 'Charvak'],
    cityId: null,
    latitude: 41.6333,
    longitude: 70.0333,
  },
  {
    kind: 'airport',
    names: {
      ru: 'Международный аэропорт Ташкент имени Ислама Каримова',
      uz: 'Islom Karimov nomidagi Toshkent xalqaro aeroporti',
      en: 'Islam Karimov Tashkent International Airport',
    },
    spellings: [
      'аэропорт Ташкент',
      'Toshkent aeroporti',
      'Tashkent Airport',
      'Tashkent International Airport',
      'аэропорт',
    ],
    cityId: tashkent,
    latitude: 41.2579,
    longitude: 69.2812,
  },
  area('Кибрайский', 'Qibray', 'Kibray', 41.3889, 69.465),
  area('Зангиатинский', 'Zangiota', 'Zangiata', 41.2, 69.15),
  area('Паркентский', 'Parkent', 'Parkent', 41.2944, 69.6767),
];

/** Tumans by the GeoNames id of a town inside. */
export const areaOfTown: Readonly<Record<number, LocalNames>> = {
  1513017: { ru: 'Паркентский район', uz: 'Parkent tumani', en: 'Parkent District' },
};

function metro(ru: string, uz: string, en: string, line: LocalNames, latitude: number, longitude: number): Landmark {
  return {
    kind: 'metro',
    names: { ru: `метро ${ru}`, uz: `${uz} metro bekati`, en: `${en} Metro Station` },
    spellings: [
      `метро ${ru}`,
      `станция метро ${ru}`,
      `${uz} metro bekati`,
      `${uz} metro`,
      `metro ${uz}`,
      `${en} metro station`,
    ],
    line,
    cityId: tashkent,
    latitude,
    longitude,
  };
}

function area(ru: string, uz: string, en: string, latitude: number, longitude: number): Landmark {
  return {
    kind: 'area',
    names: { ru: `${ru} район`, uz: `${uz} tumani`, en: `${en} District` },
    spellings: [`${ru} район`, `${uz} tumani`, `${en} District`],
    cityId: null,
    latitude,
    longitude,
  };
}
