/** A body as text, as a tree, or as bytes. Numbers keep their original digits. */
import { useMemo, useState } from 'preact/hooks';
import { ExactNumber, parseAsWritten } from '../api/exact-number.ts';
import { useMessages } from '../i18n/messages.ts';
import { CopyButton } from './copy-button.tsx';
import { visible } from './foreign-text.tsx';
import { partsMessages } from './messages.ts';
import { Choice } from './tabs.tsx';

const largestTreeBytes = 262_144;
const shownChildren = 200;
const bytesARow = 16;
const shownByteRows = 512;

interface BodyViewProps {
  readonly value: unknown;
  readonly label: string;
  readonly hasName?: boolean;
  /** The original bytes in base64, if `value` cannot reproduce them. */
  readonly raw?: string | null;
}

export function BodyView({ value, label, hasName = false, raw = null }: BodyViewProps) {
  const t = useMessages(partsMessages);
  const bytes = useMemo(() => (raw === null ? null : Uint8Array.from(atob(raw), (one) => one.charCodeAt(0))), [raw]);
  const text = useMemo(() => (bytes === null ? textOf(value) : new TextDecoder().decode(bytes)), [value, bytes]);
  const tree = useMemo(() => treeOf(value, text), [value, text]);
  const [form, setForm] = useState<'tree' | 'text' | 'bytes'>(tree === undefined ? 'text' : 'tree');
  if (text === '') {
    return (
      <p class="empty-line">
        {label}: {t('empty')}
      </p>
    );
  }
  const options = [
    ...(tree === undefined ? [] : [{ value: 'tree' as const, name: t('tree') }]),
    { value: 'text' as const, name: t('text') },
    { value: 'bytes' as const, name: t('bytes') },
  ];
  return (
    <div class="body-view">
      <div class="body-tools">
        {hasName && <span class="body-name">{label}</span>}
        <Choice label={`${t('bodyForm')}: ${label}`} options={options} value={form} onChange={setForm} />
        <CopyButton text={text} />
      </div>
      {form === 'tree' && tree !== undefined ? (
        <div class="tree">
          <Node name={null} value={tree} depth={0} />
        </div>
      ) : (
        <pre tabIndex={0} role="region" aria-label={label}>
          {form === 'bytes' ? hexOf(bytes ?? new TextEncoder().encode(text)) : visible(text)}
        </pre>
      )}
    </div>
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

function treeOf(value: unknown, text: string): unknown {
  if (text.length > largestTreeBytes) return undefined;
  if (typeof value !== 'string') return value ?? undefined;
  try {
    const parsed = parseAsWritten(value);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function Node({ name, value, depth }: { name: string | null; value: unknown; depth: number }) {
  const t = useMessages(partsMessages);
  const [shown, setShown] = useState(shownChildren);
  const label = name === null ? null : <span class="tree-name">{visible(name)}: </span>;
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) {
    return (
      <div class="tree-leaf">
        {label}
        <span class={`tree-${leafKind(value)}`}>{leafText(value)}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  const brackets = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details open={depth < 2}>
      <summary>
        {label}
        <span class="muted">{brackets}</span>
      </summary>
      <div class="tree-children">
        {entries.slice(0, shown).map(([key, child]) => (
          <Node key={key} name={key} value={child} depth={depth + 1} />
        ))}
        {entries.length > shown && (
          <button type="button" class="button small" onClick={() => setShown(shown + shownChildren)}>
            {t('more', { count: entries.length - shown })}
          </button>
        )}
      </div>
    </details>
  );
}

function leafKind(value: unknown): string {
  return value instanceof ExactNumber ? 'number' : value === null ? 'null' : typeof value;
}

function leafText(value: unknown): string {
  if (value instanceof ExactNumber) return value.source;
  return typeof value === 'string' ? `"${visible(value)}"` : String(value);
}

function hexOf(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length && rows.length < shownByteRows; at += bytesARow) {
    const part = [...bytes.subarray(at, at + bytesARow)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const plain = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
    rows.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(bytesARow * 3)} ${plain}`);
  }
  if (bytes.length > bytesARow * shownByteRows) rows.push('…');
  return rows.join('\n');
}
