import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useMemo, useState } from 'preact/hooks';
import { remember } from '../app/remember.ts';
import { createFormats, type Formats } from './formats.ts';
import type { Language } from './messages.ts';

interface LanguageContext {
  readonly language: Language;
  readonly formats: Formats;
  setLanguage(language: Language): void;
}

const Context = createContext<LanguageContext | null>(null);

export function LanguageProvider({ children }: { children: ComponentChildren }) {
  // The early script has set the stored choice, or the browser's language.
  const [language, setLanguage] = useState<Language>(document.documentElement.lang === 'ru' ? 'ru' : 'en');
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<LanguageContext>(
    () => ({
      language,
      formats: createFormats(language),
      setLanguage(chosen) {
        remember('language', chosen);
        document.documentElement.lang = chosen;
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useLanguage(): LanguageContext {
  const value = useContext(Context);
  if (value === null) throw new Error('there is no LanguageProvider');
  return value;
}

export function useFormats(): Formats {
  return useLanguage().formats;
}
