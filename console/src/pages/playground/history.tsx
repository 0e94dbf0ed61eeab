/** Earlier questions in this browser: a click fills the form again. */
import { useState } from 'preact/hooks';
import { go } from '../../app/location.tsx';
import { recall, remember } from '../../app/remember.ts';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { playgroundMessages } from './messages.ts';

interface Tried {
  readonly label: string;
  readonly href: string;
}

const mostTried = 12;

export function useHistory(kind: string): { tried: readonly Tried[]; note(one: Tried): void; clear(): void } {
  const name = `tried.${kind}`;
  const [tried, setTried] = useState<readonly Tried[]>(() => readTried(name));
  return {
    tried,
    note(one) {
      const next = [one, ...tried.filter(({ href }) => href !== one.href)].slice(0, mostTried);
      setTried(next);
      remember(name, JSON.stringify(next));
    },
    clear() {
      setTried([]);
      remember(name, null);
    },
  };
}

function readTried(name: string): readonly Tried[] {
  try {
    const read: unknown = JSON.parse(recall(name) ?? '[]');
    return Array.isArray(read)
      ? read.filter((one) => typeof one?.label === 'string' && String(one?.href).startsWith('/console/playground'))
      : [];
  } catch {
    return [];
  }
}

export function History({ history }: { history: ReturnType<typeof useHistory> }) {
  const t = useMessages(playgroundMessages);
  if (history.tried.length === 0) return null;
  return (
    <section class="panel" aria-label={t('history')}>
      <div class="panel-head">
        <h2>{t('history')}</h2>
        <button type="button" class="button small plain" onClick={history.clear}>
          {t('clear')}
        </button>
      </div>
      <ul class="plain-list">
        {history.tried.map(({ label, href }) => (
          <li key={href}>
            <a
              href={href}
              onClick={(event) => {
                event.preventDefault();
                go(href);
              }}
            >
              <Foreign text={label} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
