/**
 * Names common in addresses of Uzbekistan, in Uzbek Latin. A listed name is recognised in any script or language,
 * however loosely it is typed; other names are transliterated letter by letter.
 */

/**
 * Regions, by the consonants that all their spellings share (`Харезмская`, `Xorazm`); used only after a region's
 * designator.
 */
export const regionConsonants: Readonly<Record<string, string>> = {
  ndjn: 'andijon',
  bxr: 'buxoro',
  frgn: "farg'ona",
  jzx: 'jizzax',
  jzk: 'jizzax',
  xrzm: 'xorazm',
  nmngn: 'namangan',
  nmn: 'namangan',
  nv: 'navoiy',
  kshkdr: 'qashqadaryo',
  krklpkstn: "qoraqalpog'iston",
  krklpgstn: "qoraqalpog'iston",
  smrknd: 'samarqand',
  srxndr: 'surxondaryo',
  srdr: 'sirdaryo',
  tshknt: 'toshkent',
  tsh: 'toshkent',
};

/** Cities and towns. */
export const cities: readonly string[] =
  `toshkent samarqand buxoro andijon farg'ona namangan qarshi nukus termiz jizzax urganch navoiy guliston qo'qon marg'ilon
  angren chirchiq olmaliq bekobod xiva kattaqo'rg'on shahrisabz zarafshon uchquduq kogon g'ijduvon muborak denov koson
  beruniy yangiyo'l parkent qibray g'azalkent ohangaron nurafshon piskent bo'ka oqqo'rg'on chinoz asaka xonobod shahrixon
  quva quvasoy rishton chust kosonsoy chortoq uchqo'rg'on pop haqqulobod urgut bulung'ur ishtixon oqtosh jomboy nurobod
  payariq juma loyish kitob g'uzor qamashi chiroqchi yakkabog' dehqonobod kasbi boysun sherobod qumqo'rg'on sho'rchi jarqo'rg'on
  sariosiyo uzun angor muzrabot oltinsoy romitan vobkent olot qorako'l jondor shofirkon galaosiyo karmana nurota konimex
  yangirabot qiziltepa g'allaorol paxtakor do'stlik dashtobod zomin gagarin yangier sirdaryo shirin boyovut xovos sayxunobod
  pitnak hazorasp bog'ot gurlan shovot xonqa qo'shko'pir yangiariq yangibozor taxiatosh xo'jayli to'rtko'l qo'ng'irot chimboy
  mang'it mo'ynoq bo'ston xalqobod shumanay qonliko'l kegeyli qorao'zak taxtako'pir ellikqala amudaryo
  yaypan beshariq bag'dod oltiariq toshloq vodil dang'ara hamza uchko'prik yangiobod to'ytepa keles zafar olmazor chorvoq`.split(
    /\s+/,
  );

/** Districts of Tashkent and estates with numbered quarters: a number after the bare name is a quarter, not a house. */
export const numberedEstates: readonly string[] =
  `chilonzor yunusobod olmazor yakkasaroy sergeli uchtepa shayxontohur mirobod yashnobod bektemir yangihayot qo'yliq
  qoraqamish sebzor aviasozlar feruza qo'yluq sputnik vodnik ttz beshqayrag'och traktorsozlar labzak chorsu hadra markaz qorasuv`.split(
    /\s+/,
  );

/** Districts that are named without a designator. */
export const bareDistricts: readonly string[] =
  `chilonzor yunusobod olmazor yakkasaroy sergeli uchtepa shayxontohur mirobod yashnobod bektemir yangihayot`.split(
    /\s+/,
  );

/** Words of the names of districts, quarters and streets. */
export const nameWords: readonly string[] =
  `mirzo ulug'bek zangiota bo'stonliq yuqori quyi o'rta chirchiq toshkent okqorgon baliqchi bo'z buloqboshi izboskan
  jalaquduq xo'jaobod oltinko'l paxtaobod qo'rg'ontepa marhamat ulug'nor oqdaryo pastdarg'om past darg'om narpay qo'shrabot tayloq
  qibray jondor peshku kasbi mirishkor nishon ko'kdala forish baxmal arnasoy mirzacho'l zarbdor yangiobod sharof rashidov sardoba mirzaobod
  oqoltin taxiatosh chimboy buvayda furqat qo'shtepa so'x uchko'prik yozyovon mingbuloq norin to'raqo'rg'on uychi yangiqo'rg'on
  mustaqillik navoiy alisher bobur boburshoh amir temur furqat muqimiy mashrab madaniyat lutfiy farxod   qodiriy abdulla hamid olimjon oybek islom karimov bunyodkor beruniy abu rayhon xorazmiy xorezmiy farobiy ibn sino
  buyuk ipak yo'li yo'l katta kichik halqa yangi eski hayot bog'ishamol bog' bog'i shamol shota rustaveli afrosiyob
  registon universitet qatortol nukus farg'ona samarqand buxoro andijon chilonzor olmazor qizilqum zarafshon registon dahbed
  shohruh shohruxa gagarin universal do'stlik tinchlik birlik ozodlik istiqlol istiqbol istiqlol guliston gulzor gulobod lola
  navro'z navbahor bahor bahoriston sharq g'arb shimoliy janubiy markaziy mehnat mehr mehrjon mehribon sa'diy
  hadicha jomiy jaloliddin manguberdi spitamen to'maris termiziy naqshband naqshbandiy g'ijduvoniy buxoriy imom ulug'
  so'zangaron so'fi olloyor yassaviy ahmad yusuf hojib xos koshg'ariy qoshg'ariy mahmud alpomish go'ro'g'li to'maris nodira uvaysiy
  zulfiya g'afur g'ulom hamza hakimzoda niyoziy usmon nosir cho'lpon fitrat behbudiy avloniy abdurauf munavvarqori ishoqxon ibrat
  so'fizoda bog'bon paxtakor chorvador ziyolilar ziyokor ustoz yoshlik navqiron kamolot kamalak istiqlol ma'rifat ma'naviyat adolat
  haqiqat vatan obod obodon oboda farovon hamkor hamkorlik hamdo'st hamdo'stlik tong yulduz yulduzi quyosh oydin oltin kumush
  tepa tepalik jar ariq buloq chashma soy daryo ko'l ko'prik darvoza ko'kcha beshyog'och chorsu sebzor qorasaroy
  qoratosh taxtapul zarqaynar sag'bon kallaxona eshonguzar xadra labzor labzak abay oqtepa qushbegi bog'bo'ston
  shahrisabz qashqar mirobod nurafshon sayram sayilgoh matbuotchilar taras shevchenko pushkin tolstoy gogol chexov xalqlar do'stligi
  ozod zamon mirobod qorabayev niyozbek labixovuz shayx zayniddin hazrat imom qoraqamish xalqobod chimboy bodomzor
  bog'zor olmazor uzumzor gilos o'rik anor anjir tut tol terak chinor archazor qayrag'och qaldirg'och humo lochin burgut
  kelajak istiqlol yoqut gavhar marjon durdona zumrad feruza to'qimachi metallurg konchi energetik kimyogar temiryo'lchi sanoat
  qurilish quruvchi quruvchilar muhandis fan akademik o'zbekiston o'zbek vodil sozlar aviasozlar traktorsozlar mashinasozlar
  bo'ston bo'stonliq qo'yliq qo'yluq ota buva xo'ja xo'jaobod eshon pir avliyo usta shirin olim qozi rabot saroy qo'rg'on qal'a
  minor mirzacho'l cho'l dasht dala paxta bug'doy go'zal chiroyli navnihol nihol yashnobod yashil gulshan guldasta nilufar
  mo'minobod sohil sohibqiron temuriylar jahon jo'ybor jondor qaliya sartepa hamroh ahmadjon ergash jumanbulbul pulkan fozil yo'ldosh
  axunboboyev yo'ldoshev to'raqulov niyozov ikromov akmal fayzulla xo'jayev sobir rahimov rajabiy yunus tursunzoda muhammad
  muhammadiy abdullayev karim bobir jangchi g'alaba xotira qadr shahid shahidlar urgut panjob movarounnahr moturidiy marg'iloniy
  ahror xoja ubaydulla ulug'bekov vali baxt baxtli iftixor sharaf e'zoz saodat iqbol porloq hilol sahovat samimiy oqil
  donish ahmad donish abdurahmon asqarov aytmatov chingiz xoliqlar dosnazarov berdaq ajiniyaz ernazar olako'z dosliq   qirg'iz tojik qozoq turkman polvon pahlavon sportchi stadion park istirohat bozor gulbozor chilonzor
  mirdo'stim sogdiana so'g'diyona siyob bibixonim ruhobod rudakiy dahbed mikrorayon sattepo vokzal aeroport
  sayxun jayhun amudaryo sirdaryo surxon qashqadaryo zarafshon norin chotqol oqsoy pskom chorvoq hisor nurota bobotog'`.split(
    /\s+/,
  );

/** Spellings that no rule maps to their name. */
export const exonyms: Readonly<Record<string, string>> = {
  farhod: 'farxod',
  charvak: 'chorvoq',
  карасу: 'qorasuv',
  кашгар: 'qashqar',
  hadra: 'xadra',
  boburshox: 'boburshoh',
  mexrjon: 'mehrjon',
  "beshog'och": "beshyog'och",
  "qo'shbegi": 'qushbegi',
  kushbegi: 'qushbegi',
  oxunboboyev: 'axunboboyev',
  movarounnaxr: 'movarounnahr',
  "koshg'ariy": "qoshg'ariy",
  siab: 'siyob',
  каракалпакстан: "qoraqalpog'iston",
  karakalpakstan: "qoraqalpog'iston",
  rayxon: 'rayhon',
  узбекистан: "o'zbekiston",
  uzbekistan: "o'zbekiston",
  uzbekiston: "o'zbekiston",
  tashkent: 'toshkent',
  toshkant: 'toshkent',
  samarkand: 'samarqand',
  bukhara: 'buxoro',
  buhara: 'buxoro',
  buxara: 'buxoro',
  фергана: "farg'ona",
  ферганская: "farg'ona",
  fergana: "farg'ona",
  ferghana: "farg'ona",
  карши: 'qarshi',
  karshi: 'qarshi',
  коканд: "qo'qon",
  кокандская: "qo'qon",
  kokand: "qo'qon",
  джизак: 'jizzax',
  джизакская: 'jizzax',
  жиззак: 'jizzax',
  jizzakh: 'jizzax',
  ургенч: 'urganch',
  urgench: 'urganch',
  andizhan: 'andijon',
  навои: 'navoiy',
  navoi: 'navoiy',
  тимура: 'temur',
  timur: 'temur',
  тимур: 'temur',
  бабура: 'bobur',
  бабур: 'bobur',
  акдарьинский: 'oqdaryo',
  алимджана: 'olimjon',
  куйлюк: "qo'yliq",
  куйлик: "qo'yliq",
  куйлук: "qo'yliq",
  ата: 'ota',
  ata: 'ota',
  юнсобад: 'yunusobod',
  shaykhantakhur: 'shayxontohur',
  shayxontoxur: 'shayxontohur',
  шайхантаурский: 'shayxontohur',
  шайхантаур: 'shayxontohur',
  яккасаройиский: 'yakkasaroy',
  бухарская: 'buxoro',
  бухара: 'buxoro',
  хорезмская: 'xorazm',
  чулпана: "cho'lpon",
  чулпан: "cho'lpon",
  калия: 'qaliya',
  беруний: 'beruniy',
  термез: 'termiz',
  лоиш: 'loyish',
};

export const countries: ReadonlySet<string> = new Set(["o'zbekiston", 'uzbekistan']);

/** One person each: a street is called by the full name or by its last word. */
export const wholeNames: Readonly<Record<string, string>> = {
  'abu rayhon beruniy': 'beruniy',
  'abu ali ibn sino': 'ibn sino',
};
