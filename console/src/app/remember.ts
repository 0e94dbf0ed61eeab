/** Choices stored in this browser. Without storage they last as long as the page. */
const held = new Map<string, string>();

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`console.${name}`);
  } catch {
    return held.get(name) ?? null;
  }
}

export function remember(name: string, value: string | null): void {
  if (value === null) held.delete(name);
  else held.set(name, value);
  try {
    if (value === null) localStorage.removeItem(`console.${name}`);
    else localStorage.setItem(`console.${name}`, value);
  } catch {
    // In a private window the choice lasts as long as the page.
  }
}
