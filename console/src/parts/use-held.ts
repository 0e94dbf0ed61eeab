/** Lists that grow by themselves pause while they are read: new rows are counted, not inserted. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Scrolled further than this, the user is reading: new rows wait. */
const topPx = 80;

export type Hold = 'open' | 'scrolled' | 'selected' | 'pointed';

/** Why the rows of `area` must not move now; null: they may. */
export function useHold(area: RefObject<HTMLElement | null>, isOpen: boolean): Hold | null {
  const [isScrolled, setScrolled] = useState(false);
  const [isSelected, setSelected] = useState(false);
  const [isPointed, setPointed] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const within = (node: EventTarget | null): boolean => node instanceof Node && area.current?.contains(node) === true;
    window.addEventListener('scroll', () => setScrolled(window.scrollY > topPx), { passive: true, signal });
    document.addEventListener(
      'selectionchange',
      () => {
        const selection = document.getSelection();
        setSelected(selection !== null && !selection.isCollapsed && within(selection.anchorNode));
      },
      { signal },
    );
    // A row that moves under the mouse could receive a wrong click; a mouse that rests where new rows appear points at
    // no row.
    document.addEventListener(
      'pointermove',
      (event) => setPointed(event.pointerType === 'mouse' && within(event.target)),
      {
        signal,
      },
    );
    document.documentElement.addEventListener('pointerleave', () => setPointed(false), { signal });
    return () => stop.abort();
  }, [area]);
  return isOpen ? 'open' : isScrolled ? 'scrolled' : isSelected ? 'selected' : isPointed ? 'pointed' : null;
}

/**
 * The value from the start of the hold; `release` takes the latest one. `question` identifies the latest value's
 * request: the answer to another request is never held back.
 */
export function useHeld<T>(latest: T, isHeld: boolean, question = ''): readonly [held: T, release: () => void] {
  const kept = useRef({ value: latest, question });
  const [, setRound] = useState(0);
  if (!isHeld || kept.current.value === null || kept.current.question !== question) {
    kept.current = { value: latest, question };
  }
  const release = (): void => {
    kept.current = { value: latest, question };
    setRound((round) => round + 1);
  };
  return [kept.current.value, release];
}
