import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, type Session } from '../api/client.ts';
import { useLanguage } from '../i18n/language.tsx';
import { useMessages } from '../i18n/messages.ts';
import { Fault, FaultBoundary } from '../parts/fault.tsx';
import { partsMessages } from '../parts/messages.ts';
import { PageHeader } from '../parts/page-header.tsx';
import { hrefOf, usePlace } from './location.tsx';
import { appMessages } from './messages.ts';
import { type PageEntry, pageOf, pages } from './pages.ts';
import { recall, remember } from './remember.ts';
import { Shortcuts } from './shortcuts.tsx';

export function LanguageButton() {
  const { language, setLanguage } = useLanguage();
  const other = language === 'en' ? 'ru' : 'en';
  return (
    <button type="button" class="button small" lang={other} onClick={() => setLanguage(other)}>
      {other === 'ru' ? 'Русский' : 'English'}
    </button>
  );
}

export function ThemeSelect() {
  const t = useMessages(appMessages);
  const [theme, setTheme] = useState(recall('theme') ?? '');
  const choose = (chosen: string): void => {
    setTheme(chosen);
    remember('theme', chosen === '' ? null : chosen);
    if (chosen === '') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
  };
  return (
    <select class="small" aria-label={t('theme')} value={theme} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">{t('themeSystem')}</option>
      <option value="light">{t('themeLight')}</option>
      <option value="dark">{t('themeDark')}</option>
    </select>
  );
}

export function Shell({ session, onSignOut }: { session: Session; onSignOut: () => void }) {
  const t = useMessages(appMessages);
  const { formats } = useLanguage();
  const { path } = usePlace();
  const current = pageOf(path);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  useEffect(() => setMenuOpen(false), [path]);
  useEffect(() => {
    if (!isMenuOpen) return;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setMenuOpen(false);
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [isMenuOpen]);
  return (
    <div class={`shell ${isMenuOpen ? 'menu-open' : ''}`}>
      <a class="skip" href="#main">
        {t('skip')}
      </a>
      <header class="top">
        <button
          type="button"
          class="button small menu-button"
          aria-expanded={isMenuOpen}
          aria-controls="pages"
          onClick={() => setMenuOpen(!isMenuOpen)}
        >
          {t('menu')}
        </button>
        <span class="brand" title={`Integration Service ${session.version}`}>
          Integration Service
        </span>
        <span class="top-tenant">{session.tenant}</span>
        <span class="top-tools">
          <span class="muted zone" title={t('timeZone', { zone: formats.timeZone })}>
            {formats.timeZone}
          </span>
          <ThemeSelect />
          <LanguageButton />
          <button
            type="button"
            class="button small sign-out"
            title={t('until', {
              name: session.name ?? '',
              time: session.expires_at === undefined ? '' : formats.time(session.expires_at),
            })}
            onClick={onSignOut}
          >
            {t('signOut')}
          </button>
        </span>
      </header>
      <nav id="pages" class="pages" aria-label={t('navigation')}>
        <ul>
          {pages.map((page) => (
            <li key={page.path}>
              <a href={hrefOf(page.path)} aria-current={page === current ? 'page' : undefined}>
                <svg viewBox="0 0 16 16" aria-hidden="true">
                  <path d={page.icon} />
                </svg>
                <span>{t(page.name)}</span>
              </a>
            </li>
          ))}
        </ul>
        <button type="button" class="button small plain help-button" onClick={() => setHelpOpen(true)}>
          {t('shortcuts')}
        </button>
      </nav>
      <main id="main" tabIndex={-1}>
        {session.is_admin !== true && <p class="notice">{t('readOnly')}</p>}
        {current === null ? <NotFound /> : <LoadedPage key={current.path} entry={current} />}
      </main>
      <Shortcuts isOpen={isHelpOpen} setOpen={setHelpOpen} />
    </div>
  );
}

function NotFound() {
  const t = useMessages(appMessages);
  return (
    <>
      <PageHeader title={t('notFound')} />
      <p>{t('notFoundText')}</p>
    </>
  );
}

const reloadPauseMs = 60_000;

/** After an upgrade the files of this page no longer exist: it is reloaded, at most once a minute. */
function reloadOnce(): boolean {
  const now = Date.now();
  if (!navigator.onLine || now - Number(recall('reloaded') ?? 0) < reloadPauseMs) return false;
  remember('reloaded', String(now));
  window.location.reload();
  return true;
}

const loaded = new Map<string, ComponentType>();

function LoadedPage({ entry }: { entry: PageEntry }) {
  const t = useMessages(partsMessages);
  const [Page, setPage] = useState<ComponentType | null>(() => loaded.get(entry.path) ?? null);
  const [isFailed, setFailed] = useState(false);
  const [round, setRound] = useState(0);
  useEffect(() => {
    setFailed(false);
    entry.load().then(
      (module) => {
        loaded.set(entry.path, module.Page);
        setPage(() => module.Page);
      },
      () => {
        if (!reloadOnce()) setFailed(true);
      },
    );
  }, [entry, round]);
  if (isFailed) return <Fault error={new ApiError(0, {})} onRetry={() => setRound(round + 1)} />;
  if (Page === null) {
    return (
      <p class="empty" role="status">
        {t('loading')}
      </p>
    );
  }
  return (
    <FaultBoundary>
      <Page />
    </FaultBoundary>
  );
}
