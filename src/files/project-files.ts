/** Files that the program reads while it runs: beside the bundle where it was built, else in the project's root. */
import { join } from 'node:path';

/** Sources run as they are; only the bundle is JavaScript. */
export const isBundle = !import.meta.filename.endsWith('.ts');

const root = isBundle ? import.meta.dirname : join(import.meta.dirname, '../..');

/** `migrations`, `console/index.html`; `assets/…` in the bundle only. */
export function projectFile(path: string): string {
  return join(root, path);
}
