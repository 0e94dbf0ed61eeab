/** Lists that grow by themselves stand still while they are read: what came meanwhile is counted, not pushed in. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Further down than this, the reader is at work: new rows wait. */
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
    // A row that moves under the mouse is not the one that is clicked; a mouse that rests where rows appear is at nothing.
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
 * The value as it was when the hold began; `release` takes the latest all the same. `question` names what the latest answers:
 * the answer to another one is never held back.
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
