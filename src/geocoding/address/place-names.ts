/**
 * Names whose spelling in the other script or language is certain, each under its Uzbek Latin form: the country, its
 * regional capitals, the districts of Tashkent, and one poet. No other word is carried over from Russian: what is right
 * for Навои (Navoiy) is wrong for the next name, and a missed hit costs one call where a false one costs a wrong house.
 */
const spellings: Readonly<Record<string, string>> = {
  uzbekiston: "узбекистан ўзбекистон o'zbekiston uzbekistan",
  toshkent: 'ташкент тошкент tashkent',
  samarqand: 'самарканд самарқанд samarkand',
  buxoro: 'бухара бухоро bukhara buhara',
  andijon: 'андижан андижон andijan andizhan',
  "farg'ona": 'фергана фарғона fergana ferghana',
  namangan: 'наманган',
  qarshi: 'карши қарши karshi',
  nukus: 'нукус',
  termiz: 'термез термиз termez',
  jizzax: 'джизак жиззах jizzakh',
  urganch: 'ургенч урганч urgench',
  navoiy: 'навои навоий navoi',
  chilonzor: 'чиланзар чилонзор chilanzar',
  yunusobod: 'юнусабад юнусобод yunusabad',
  olmazor: 'алмазар олмазор almazar',
  yakkasaroy: 'яккасарай яккасарой yakkasaray',
  sergeli: 'сергели',
  uchtepa: 'учтепа',
  shayxontohur: 'шайхантахур шайхонтоҳур shaykhantakhur shayxontoxur',
};

export const placeNames: ReadonlyMap<string, string> = new Map(
  Object.entries(spellings).flatMap(([name, others]) =>
    [name, ...others.split(' ')].map((spelling): [string, string] => [spelling, name]),
  ),
);

/**
 * Cities whose bare name can mean nothing but the city, so that `г. Ташкент` and `Ташкент` are one question. Not so the
 * other capitals: `Самарканд` alone may be read as the region.
 */
export const citiesWithoutMarker: ReadonlySet<string> = new Set(['toshkent']);

/** Districts whose quarters go by number, so that a bare number after the name is no house. */
export const districtsOfQuarters: ReadonlySet<string> = new Set([
  'chilonzor',
  'yunusobod',
  'olmazor',
  'yakkasaroy',
  'sergeli',
  'uchtepa',
  'shayxontohur',
]);
