import { useEffect, useState } from 'preact/hooks';
import { go, hrefOf, setQuery, usePlace } from '../../app/location.tsx';
import { useSession } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { CheckField, TextField } from '../../parts/forms/form.tsx';
import { useToast } from '../../parts/toast.tsx';
import { listMessages } from './list-messages.ts';
import { type KeptViews, keepViews, readViews, searchOf, withoutView, withView } from './views.ts';

/** The link of a view contains its name, so that a colleague may save it too. */
function hrefOfView(name: string, search: string): string {
  return `${hrefOf('/calls')}?${new URLSearchParams([...new URLSearchParams(search), ['view', name]])}`;
}

/** Opening the page without a filter applies the default view. */
export function useStartView(): void {
  const { tenant = '' } = useSession();
  useEffect(() => {
    if (window.location.search !== '' || window.location.pathname !== hrefOf('/calls')) return;
    const { views, start } = readViews(tenant);
    const view = views.find(({ name }) => name === start);
    if (view !== undefined) go(hrefOfView(view.name, view.search), 'replace');
  }, [tenant]);
}

export function SavedViews() {
  const t = useMessages(listMessages);
  const { tenant = '' } = useSession();
  const { query } = usePlace();
  const say = useToast();
  const [kept, setKept] = useState<KeptViews>(() => readViews(tenant));
  const [isNaming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const search = searchOf(query);
  const current = kept.views.find((view) => view.search === search) ?? null;
  const shared = query.get('view');
  const isShared = shared !== null && search !== '' && !kept.views.some((view) => view.name === shared);
  const change = (changed: KeptViews): void => {
    setKept(changed);
    keepViews(tenant, changed);
  };
  const save = (given: string): void => {
    if (given.trim() === '') return;
    change(withView(kept, given, search));
    say(t('saved', { name: given.trim() }));
    setNaming(false);
    setName('');
  };
  const remove = (gone: string): void => {
    const before = kept;
    change(withoutView(kept, gone));
    say(t('removed', { name: gone }), () => change(before));
  };
  if (kept.views.length === 0 && search === '') return null;
  return (
    <div class="saved-views">
      {kept.views.length > 0 && (
        <ul class="pills" aria-label={t('ownViews')}>
          {kept.views.map((view) => (
            <li key={view.name} class="pill">
              <a href={hrefOfView(view.name, view.search)} aria-current={view === current ? 'true' : undefined}>
                <Foreign text={view.name} />
              </a>
              <button
                type="button"
                class="plain-icon"
                aria-label={t('removeView', { name: view.name })}
                onClick={() => remove(view.name)}
              >
                ✕
              </button>
            </li>
          ))}
        </ul>
      )}
      {current !== null && (
        <CheckField
          label={t('startHere')}
          checked={kept.start === current.name}
          onInput={(checked) => change({ ...kept, start: checked ? current.name : null })}
        />
      )}
      {current === null && isShared && (
        <button type="button" class="button small" onClick={() => save(shared)}>
          {t('keepShared', { name: shared })}
        </button>
      )}
      {current === null && !isShared && search !== '' && !isNaming && (
        <button type="button" class="button small" onClick={() => setNaming(true)}>
          {t('saveView')}
        </button>
      )}
      {isNaming && (
        <form
          class="actions"
          onSubmit={(event) => {
            event.preventDefault();
            save(name);
            setQuery({ view: name.trim() }, 'replace');
          }}
        >
          <TextField label={t('viewName')} value={name} onInput={setName} isRequired />
          <button type="submit" class="button small primary">
            {t('save')}
          </button>
          <button type="button" class="button small" onClick={() => setNaming(false)}>
            {t('cancel')}
          </button>
        </form>
      )}
    </div>
  );
}
