import { useEffect, useRef, useState } from 'preact/hooks';
import { useMessages } from '../i18n/messages.ts';
import { partsMessages } from './messages.ts';

const shownMs = 2_000;

interface CopyButtonProps {
  /** A function is called when the button is pressed. */
  readonly text: string | (() => string);
  readonly label?: string;
  readonly onCopied?: () => void;
}

/** Also copies if the page came over plain HTTP, and reports the result. */
export function CopyButton({ text, label, onCopied }: CopyButtonProps) {
  const t = useMessages(partsMessages);
  const [outcome, setOutcome] = useState<'idle' | 'copied' | 'failed'>('idle');
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (outcome === 'idle') return;
    const timer = setTimeout(() => setOutcome('idle'), shownMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async (): Promise<void> => {
    const isCopied = await copyText(typeof text === 'string' ? text : text(), button.current);
    setOutcome(isCopied ? 'copied' : 'failed');
    if (isCopied) onCopied?.();
  };
  const said = outcome === 'copied' ? t('copied') : outcome === 'failed' ? t('copyFailed') : '';
  return (
    <span class="copy">
      <button type="button" class="button small" ref={button} onClick={copy}>
        {label ?? t('copy')}
      </button>
      <span class="copy-said" role="status">
        {said}
      </span>
    </span>
  );
}

export async function copyText(text: string, beside: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context or permission: the older command, inside the open dialog, where the focus may be.
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('aria-hidden', 'true');
  area.className = 'visually-hidden';
  const parent = beside?.closest('dialog') ?? document.body;
  parent.append(area);
  area.select();
  let isCopied = false;
  try {
    isCopied = document.execCommand('copy');
  } catch {
    isCopied = false;
  }
  area.remove();
  beside?.focus();
  return isCopied;
}

/** Code to paste, with its copy button. */
export function Code({ text, label, onCopied }: { text: string; label: string; onCopied?: () => void }) {
  return (
    <div class="code-block">
      <div class="code-head">
        <span>{label}</span>
        <CopyButton text={text} {...(onCopied === undefined ? {} : { onCopied })} />
      </div>
      <pre tabIndex={0} aria-label={label} role="region">
        {text}
      </pre>
    </div>
  );
}
