import { type ComponentChildren, createContext } from 'preact';
import { useCallback, useContext, useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError } from '../api/client.ts';
import { useMessages } from '../i18n/messages.ts';
import { useFaultText } from './fault.tsx';
import { partsMessages } from './messages.ts';

/** Throws `ApiError` on failure. */
type Undo = () => void | Promise<void>;

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly undo?: Undo | undefined;
}

const shownMs = 6_000;
/** A longer time for a message that offers to undo. */
const undoMs = 30_000;
const Context = createContext<(text: string, undo?: Undo) => void>(() => undefined);
let lastId = 0;

export function ToastProvider({ children }: { children: ComponentChildren }) {
  const t = useMessages(partsMessages);
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const [isHeld, setHeld] = useState(false);
  const say = useCallback((text: string, undo?: Undo) => {
    lastId += 1;
    setToasts((before) => [...before.slice(-2), { id: lastId, text, undo }]);
  }, []);
  const drop = useMemo(() => (id: number) => setToasts((before) => before.filter((toast) => toast.id !== id)), []);
  const textOf = useFaultText({ retries: false });
  const takeBack = async ({ id, undo }: Toast): Promise<void> => {
    drop(id);
    try {
      await undo?.();
    } catch (thrown) {
      // The user may have left the page of the change, so the failure is shown here.
      say(t('undoFailed', { reason: thrown instanceof ApiError ? textOf(thrown) : String(thrown) }));
    }
  };
  const [oldest] = toasts;
  useEffect(() => {
    if (oldest === undefined || isHeld) return;
    const timer = setTimeout(() => drop(oldest.id), oldest.undo === undefined ? shownMs : undoMs);
    return () => clearTimeout(timer);
  }, [oldest, isHeld, drop]);
  return (
    <Context.Provider value={say}>
      {children}
      <section
        class="toasts"
        aria-label={t('notifications')}
        onMouseEnter={() => setHeld(true)}
        onMouseLeave={() => setHeld(false)}
        onFocusIn={() => setHeld(true)}
        onFocusOut={() => setHeld(false)}
      >
        <div role="status">
          {toasts.map((toast) => (
            <div class="toast" key={toast.id}>
              <span>{toast.text}</span>
              {toast.undo !== undefined && (
                <button type="button" class="button small undo" onClick={() => void takeBack(toast)}>
                  {t('undo')}
                </button>
              )}
              <button type="button" class="button small plain" aria-label={t('dismiss')} onClick={() => drop(toast.id)}>
                ✕
              </button>
            </div>
          ))}
        </div>
      </section>
    </Context.Provider>
  );
}

export function useToast(): (text: string, undo?: Undo) => void {
  return useContext(Context);
}
