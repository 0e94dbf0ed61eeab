/** Drives a page by keyboard, and checks at every stop that the focus is neither lost nor invisible. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';

/** What is wrong with the focus; null if it is visible. */
export function faultOfFocus(page: Page): Promise<string | null> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return 'lost to the body';
    const name = element.outerHTML.replace(/\s+/g, ' ').slice(0, 140);
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) === 0) return `without an outline: ${name}`;
    const box = element.getBoundingClientRect();
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, window.innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, window.innerHeight)];
    if (right - left < 2 || bottom - top < 2) return `out of sight: ${name}`;
    const seen = [0.1, 0.5, 0.9].some((share) => {
      const hit = document.elementFromPoint(left + (right - left) / 2, top + (bottom - top) * share);
      return hit !== null && (element.contains(hit) || hit.contains(element));
    });
    return seen ? null : `covered: ${name}`;
  });
}

export class Keyboard {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** Presses Tab or Shift+Tab until `target` has the focus. */
  async tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab', most = 200): Promise<void> {
    await target.waitFor();
    for (let count = 0; count < most; count += 1) {
      if (await this.isOn(target)) return await this.seen();
      await this.press(key);
    }
    assert.fail(`${target} is not reached by ${key}`);
  }

  /** Reaches the target and presses Enter, or another key. */
  async act(target: Locator, key = 'Enter'): Promise<void> {
    await this.tabTo(target);
    await this.press(key);
  }

  isOn(target: Locator): Promise<boolean> {
    return target.evaluate((own) => own === document.activeElement);
  }

  /** Waits until `target` gets the focus by itself. */
  async comesTo(target: Locator): Promise<void> {
    await target.waitFor();
    const handle = await target.elementHandle();
    await this.page.waitForFunction((own) => own === document.activeElement, handle);
    await this.seen();
  }

  /** Checks that the focus is on the page and visible. */
  async seen(): Promise<void> {
    await this.page.waitForFunction(() => document.activeElement !== document.body);
    assert.equal(await faultOfFocus(this.page), null);
  }
}
