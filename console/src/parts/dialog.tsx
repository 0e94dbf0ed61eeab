import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useLeaveGuard } from '../app/location.tsx';
import { useMessages } from '../i18n/messages.ts';
import { partsMessages } from './messages.ts';
import { useDetailTitle } from './page-header.tsx';

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
  /** What is shown once closes by its own button only. */
  readonly isHeld?: boolean;
  /** Whether something would be lost: it is asked before the dialog closes or its page is left. */
  readonly hasEdits?: boolean;
  readonly kind?: 'dialog' | 'sheet' | 'cover';
}

/** A native dialog: it keeps the focus inside, closes by Escape and gives the focus back. */
export function Dialog({ title, children, onClose, isHeld = false, hasEdits = false, kind = 'dialog' }: DialogProps) {
  const t = useMessages(partsMessages);
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const question = t('leave');
  useLeaveGuard(hasEdits, question);
  useDetailTitle(title);
  // Before the page is painted: one dialog may take the place of another, and the focus goes back to the first one's opener.
  useLayoutEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    const { current } = dialog;
    current?.showModal();
    return () => {
      // While it is open nothing beside it can have the focus.
      current?.close();
      if (opener?.isConnected === true) opener.focus();
    };
  }, []);
  const close = (): void => {
    if (!isHeld && (!hasEdits || window.confirm(question))) onClose();
  };
  return (
    <dialog
      ref={dialog}
      class={kind}
      aria-labelledby={titleId}
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

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly verb: string;
  readonly isDangerous?: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/** The title names the object, the text the effect, the button the act. The focus begins on Cancel. */
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
