import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { wasTouched } from '../app/focus.ts';
import { useLeaveGuard } from '../app/location.tsx';
import { useMessages } from '../i18n/messages.ts';
import { partsMessages } from './messages.ts';
import { useDetailTitle } from './page-header.tsx';

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
  /** A dialog with a secret shown once closes only by its own button. */
  readonly isHeld?: boolean;
  /** Whether something would be lost: then it asks before the dialog closes or its page is left. */
  readonly hasEdits?: boolean;
  readonly kind?: 'dialog' | 'sheet' | 'cover';
  /** If there is room, it opens beside the page, which stays usable. */
  readonly standsBeside?: boolean;
}

/** Enough room for a list and a sheet side by side. */
const besideFrom = '(min-width: 1280px) and (min-height: 421px)';

/** A native dialog: keeps the focus inside unless it is beside the page, closes by Escape and returns the focus. */
export function Dialog({
  title,
  children,
  onClose,
  isHeld = false,
  hasEdits = false,
  kind = 'dialog',
  standsBeside = false,
}: DialogProps) {
  const t = useMessages(partsMessages);
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const question = t('leave');
  const isBeside = useMedia(besideFrom) && standsBeside;
  useLeaveGuard(hasEdits, question);
  useDetailTitle(title);
  // Before the page is painted, because one dialog may replace another, and the focus returns to the first one's
  // opener.
  useLayoutEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    const { current } = dialog;
    if (isBeside) current?.show();
    else current?.showModal();
    // Opened with the page itself: the dialog holds the focus, and its close button shows no ring.
    if (!wasTouched()) current?.focus();
    return () => {
      const { activeElement } = document;
      const isElsewhere = activeElement !== document.body && current?.contains(activeElement) !== true;
      // While a modal dialog is open, nothing outside can have the focus.
      current?.close();
      if (!isElsewhere && opener?.isConnected === true) opener.focus();
    };
  }, [isBeside]);
  const close = (): void => {
    if (!isHeld && (!hasEdits || window.confirm(question))) onClose();
  };
  const latestClose = useRef(close);
  latestClose.current = close;
  useEffect(() => {
    if (!isBeside) return;
    // Also from the page beside it, unless something there handles Escape itself.
    const onKeyDown = (event: KeyboardEvent): void => {
      const isFree = !event.defaultPrevented && !event.isComposing && document.querySelector('dialog:modal') === null;
      if (event.key === 'Escape' && isFree) latestClose.current();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [isBeside]);
  return (
    <dialog
      ref={dialog}
      class={isBeside ? `${kind} beside` : kind}
      aria-labelledby={titleId}
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onKeyDown={(event) => {
        // A second Escape in a row would close it without a `cancel` event.
        if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented) return;
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === dialog.current && kind === 'sheet') close();
      }}
    >
      <div class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        {!isHeld && (
          <button type="button" class="button small plain" aria-label={t('close')} onClick={close}>
            ✕
          </button>
        )}
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

function useMedia(question: string): boolean {
  const [isMet, setMet] = useState(() => window.matchMedia(question).matches);
  useEffect(() => {
    const media = window.matchMedia(question);
    const onChange = (): void => setMet(media.matches);
    media.addEventListener('change', onChange);
    return () => media.removeEventListener('change', onChange);
  }, [question]);
  return isMet;
}

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly verb: string;
  readonly isDangerous?: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/** The title names the object, the text the effect, the button the action. Cancel gets the focus first. */
export function Confirm({ title, text, verb, isDangerous = true, onConfirm, onCancel }: ConfirmProps) {
  const t = useMessages(partsMessages);
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  return (
    <Dialog title={title} onClose={onCancel}>
      <p>{text}</p>
      <div class="actions">
        <button type="button" class="button" ref={cancel} onClick={onCancel}>
          {t('cancel')}
        </button>
        <button type="button" class={`button ${isDangerous ? 'danger' : 'primary'}`} onClick={onConfirm}>
          {verb}
        </button>
      </div>
    </Dialog>
  );
}
