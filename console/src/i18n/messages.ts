/**
 * Messages: each is an English and Russian pair, so that a missing one is a type error. Whole sentences with
 * `{placeholders}`, never joined from parts. A message with a count has plural forms by `count`.
 */
import { useLanguage } from './language.tsx';

export interface Plural {
  readonly one: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

export interface RussianPlural extends Plural {
  readonly few: string;
  readonly many: string;
}

export type Message = readonly [english: string, russian: string] | readonly [english: Plural, russian: RussianPlural];
export type Messages = Readonly<Record<string, Message>>;
export type Language = 'en' | 'ru';
export type Values = Readonly<Record<string, string | number>>;
export type Translate<M extends Messages> = (name: keyof M & string, values?: Values) => string;

const pluralRules = { en: new Intl.PluralRules('en'), ru: new Intl.PluralRules('ru') };
const numbers = { en: new Intl.NumberFormat('en'), ru: new Intl.NumberFormat('ru') };

export function renderMessage(message: Message, language: Language, values: Values = {}): string {
  const chosen = message[language === 'en' ? 0 : 1];
  const text = typeof chosen === 'string' ? chosen : formOf(chosen, language, Number(values.count ?? 0));
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? numbers[language].format(value) : value;
  });
}

function formOf(plural: Plural, language: Language, count: number): string {
  const rule = pluralRules[language].select(count);
  return (
    (rule === 'few' ? plural.few : rule === 'many' ? plural.many : rule === 'one' ? plural.one : undefined) ??
    plural.other
  );
}

export function useMessages<M extends Messages>(messages: M): Translate<M> {
  const { language } = useLanguage();
  return (name, values) => renderMessage(messages[name] as Message, language, values);
}
