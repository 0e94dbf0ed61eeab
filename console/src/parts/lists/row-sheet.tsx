import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Dialog } from '../dialog.tsx';

interface RowSheetProps {
  readonly title: string;
  /** Too wide to fit beside the list: it covers the list. */
  readonly isWide?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/**
 * The sheet of a row. On a wide screen it opens beside the list, in which the next row can be opened; its `key` is the row's,
 * so that each row's sheet takes the focus and returns it.
 */
export function RowSheet({ title, isWide = false, onClose, children }: RowSheetProps) {
  // Beside the sheet the page is narrower and longer: keep the chosen row visible.
  useEffect(() => document.querySelector('main tr[aria-current="true"]')?.scrollIntoView({ block: 'nearest' }), []);
  return (
    <Dialog title={title} kind="sheet" standsBeside={!isWide} onClose={onClose}>
      {children}
    </Dialog>
  );
}
