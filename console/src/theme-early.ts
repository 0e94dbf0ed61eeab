/** Runs before the first paint: sets the stored theme and language, so that nothing flashes. */
(() => {
  const { dataset } = document.documentElement;
  const read = (name: string): string | null => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const theme = read('console.theme');
  if (theme === 'light' || theme === 'dark') dataset.theme = theme;
  if (read('console.density') === 'compact') dataset.density = 'compact';
  const language = read('console.language');
  const isRussian = language === null ? /^ru\b/i.test(navigator.language) : language === 'ru';
  document.documentElement.lang = isRussian ? 'ru' : 'en';
})();
