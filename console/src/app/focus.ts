/** Keeps the keyboard focus on the page. */

const places = 'dialog, fieldset, form, section, nav, main';

let isTouched = false;
for (const type of ['keydown', 'pointerdown', 'click']) {
  window.addEventListener(
    type,
    () => {
      isTouched = true;
    },
    { capture: true, once: true },
  );
}

/** Whether the user has pressed anything since the page was loaded; until then nothing shows a focus ring. */
export function wasTouched(): boolean {
  return isTouched;
}

/**
 * If the focused element disappears (a removed row, a finished button), the part of the page that held it gets the
 * focus, instead of the beginning of the page.
 */
export function keepFocus(): () => void {
  let holders: readonly Element[] = [];
  const onFocus = (event: FocusEvent): void => {
    const found: Element[] = [];
    for (let at = event.target as Element | null; at instanceof Element; at = at.parentElement) found.push(at);
    holders = found;
  };
  const onPointer = (): void => {
    // A click outside every control takes the focus away on purpose.
    holders = [];
  };
  const watch = new MutationObserver(() => {
    if (document.activeElement !== document.body || holders[0]?.isConnected !== false) return;
    const holder = holders.find((one) => one.isConnected && one.matches(places));
    const place = holder?.matches('main') === true ? (holder.querySelector('h1') ?? holder) : holder;
    if (!(place instanceof HTMLElement)) return;
    if (!place.hasAttribute('tabindex')) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  });
  document.addEventListener('focusin', onFocus);
  document.addEventListener('pointerdown', onPointer, true);
  watch.observe(document.body, { childList: true, subtree: true });
  return () => {
    document.removeEventListener('focusin', onFocus);
    document.removeEventListener('pointerdown', onPointer, true);
    watch.disconnect();
  };
}

/** The wheel scrolls the page, and does not change a focused number. */
export function keepNumbers(): () => void {
  const onWheel = (event: WheelEvent): void => {
    const target = event.target as HTMLElement | null;
    if (target === document.activeElement && target?.matches('input[type="number"]') === true) target.blur();
  };
  document.addEventListener('wheel', onWheel, { passive: true });
  return () => document.removeEventListener('wheel', onWheel);
}

/**
 * Clicks to ignore: on a button that cannot act now, which keeps its focus, and at the end of selecting a summary's
 * text.
 */
export function refuseClicks(): () => void {
  const onClick = (event: MouseEvent): void => {
    const target = event.target as Element | null;
    const isIdle = target?.closest?.('button[aria-disabled="true"]') != null;
    if (!isIdle && !endsSelection(target?.closest?.('summary') ?? null)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener('click', onClick, true);
  return () => document.removeEventListener('click', onClick, true);
}

function endsSelection(summary: Element | null): boolean {
  const selection = window.getSelection();
  return summary !== null && selection?.isCollapsed === false && selection.containsNode(summary, true);
}
