/** Single-key shortcuts, by the key's position, so that they work in a Russian layout too. Off while the user types. */
import { useEffect, useState } from 'preact/hooks';
import { useMessages } from '../i18n/messages.ts';
import { Dialog } from '../parts/dialog.tsx';
import { CheckField } from '../parts/forms/form.tsx';
import { go, hrefOf } from './location.tsx';
import { appMessages } from './messages.ts';
import { pages } from './pages.ts';
import { recall, remember } from './remember.ts';

const goWaitMs = 1_500;

export function Shortcuts({ isOpen, setOpen }: { isOpen: boolean; setOpen: (isOpen: boolean) => void }) {
  const t = useMessages(appMessages);
  const [isOn, setOn] = useState(recall('shortcuts') !== 'off');
  useEffect(() => {
    if (!isOn) return;
    let goUntilMs = 0;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog:modal') !== null) return;
      // By character, and by the key's position on a Latin keyboard.
      if (event.key === '?' || (event.code === 'Slash' && event.shiftKey)) {
        setOpen(true);
        return;
      }
      if (event.shiftKey && event.key !== '/') return;
      if (event.key === '/' || event.code === 'Slash') {
        const search = document.querySelector<HTMLInputElement>('input[type="search"]');
        if (search === null) return;
        event.preventDefault();
        search.focus();
        return;
      }
      if (performance.now() < goUntilMs) {
        const page = pages.find(({ key }) => key === event.code);
        goUntilMs = 0;
        if (page !== undefined) go(hrefOf(page.path));
        return;
      }
      if (event.code === 'KeyU') [...document.querySelectorAll<HTMLElement>('.toast .undo')].at(-1)?.click();
      if (event.code === 'KeyG') goUntilMs = performance.now() + goWaitMs;
      if (event.code === 'KeyJ' || event.code === 'KeyK') walkRows(event.code === 'KeyJ' ? 1 : -1);
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [isOn, setOpen]);
  if (!isOpen) return null;
  return (
    <Dialog title={t('shortcuts')} onClose={() => setOpen(false)}>
      <ul class="plain-list">
        {(['keyGo', 'keySearch', 'keyRows', 'keyUndo', 'keyHelp', 'keyEscape'] as const).map((name) => (
          <li key={name}>{t(name)}</li>
        ))}
      </ul>
      <CheckField
        label={t('shortcutsOn')}
        checked={isOn}
        onInput={(checked) => {
          remember('shortcuts', checked ? null : 'off');
          setOn(checked);
        }}
      />
    </Dialog>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function walkRows(step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main .row-link')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
}
