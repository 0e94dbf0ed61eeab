/** What is done by keyboard has a place on the page at all times. */

const places = 'dialog, fieldset, form, section, nav, main';

/**
 * What has the focus may go: a row that was removed, a button whose work is done. The focus then stands on the part of the
 * page that held it, instead of falling to the beginning of the page.
 */
export function keepFocus(): () => void {
  let holders: readonly Element[] = [];
  const onFocus = (event: FocusEvent): void => {
    const found: Element[] = [];
    for (let at = event.target as Element | null; at instanceof Element; at = at.parentElement) found.push(at);
    holders = found;
  };
  const onPointer = (): void => {
    // Who clicks beside everything wants no focus.
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

/** The wheel scrolls the page; a number that has the focus is not counted up by it. */
export function keepNumbers(): () => void {
  const onWheel = (event: WheelEvent): void => {
    const target = event.target as HTMLElement | null;
    if (target === document.activeElement && target?.matches('input[type="number"]') === true) target.blur();
  };
  document.addEventListener('wheel', onWheel, { passive: true });
  return () => document.removeEventListener('wheel', onWheel);
}

/** Clicks that are none: on a button that cannot act now, which keeps its focus, and the end of selecting a summary's text. */
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
