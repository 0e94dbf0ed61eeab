import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Dialog } from './dialog.tsx';

interface RowSheetProps {
  readonly title: string;
  /** What is too wide to stand beside the list lies over it. */
  readonly isWide?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/**
 * What a row of a list leads to. Where there is room it stands beside the list, from which the next row is opened; its `key` is
 * the row's, so that each row's sheet takes the focus and gives it back.
 */
export function RowSheet({ title, isWide = false, onClose, children }: RowSheetProps) {
  // Beside the sheet the page is narrower, and longer: the row that was chosen stays in sight.
  useEffect(() => document.querySelector('main tr[aria-current="true"]')?.scrollIntoView({ block: 'nearest' }), []);
  return (
    <Dialog title={title} kind="sheet" standsBeside={!isWide} onClose={onClose}>
      {children}
    </Dialog>
  );
}
