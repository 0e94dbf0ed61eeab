/**
 * The spreadsheets of one emulator. An unknown id is created on first use, with one sheet `Sheet1`.
 *
 * With a data directory each spreadsheet is a JSON file, written completely and renamed into place shortly after a
 * change and once more at close; without one, the state ends with the process.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSpreadsheet } from './spreadsheet.ts';
import type { SpreadsheetState } from './spreadsheet-state.ts';

const saveDelayMs = 50;
/** Saving a large spreadsheet takes a second: the process gets twenty times as long for everything else. */
const restPerSave = 20;
/** Above this number new ids are unknown, as at Google. */
const maxSpreadsheets = 10_000;

export class SpreadsheetStore {
  readonly #directory: string | null;
  readonly #known = new Map<string, SpreadsheetState>();
  readonly #missing = new Set<string>();
  readonly #unsaved = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #lastSaveMs = 0;

  constructor(dataDir: string | null) {
    this.#directory = dataDir === null ? null : join(dataDir, 'emulator', 'sheets');
    if (this.#directory !== null) mkdirSync(this.#directory, { recursive: true });
  }

  /** null if the id was marked as missing. */
  open(id: string): SpreadsheetState | null {
    if (this.#missing.has(id)) return null;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= maxSpreadsheets) return null;
    const opened = this.#load(id) ?? newSpreadsheet(id);
    this.#known.set(id, opened);
    return opened;
  }

  /** Adds a spreadsheet that was created elsewhere. */
  put(spreadsheet: SpreadsheetState): void {
    this.#known.set(spreadsheet.id, spreadsheet);
    this.changed(spreadsheet.id);
  }

  /** Marks the id as missing (404), or as present again. */
  setMissing(id: string, missing: boolean): void {
    if (missing) this.#missing.add(id);
    else this.#missing.delete(id);
  }

  changed(id: string): void {
    if (this.#directory === null) return;
    this.#unsaved.add(id);
    this.#timer ??= setTimeout(() => this.save(), Math.max(saveDelayMs, this.#lastSaveMs * restPerSave));
  }

  save(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const startedAtMs = performance.now();
    for (const id of this.#unsaved) {
      const file = this.#fileOf(id);
      const kept = this.#known.get(id);
      if (file === null || kept === undefined) continue; // Marked as missing before it was first opened.
      try {
        writeFileSync(`${file}.new`, JSON.stringify(kept));
        renameSync(`${file}.new`, file);
      } catch {
        // A disk error must not stop the process: the next change tries again.
      }
    }
    this.#unsaved.clear();
    this.#lastSaveMs = performance.now() - startedAtMs;
  }

  #load(id: string): SpreadsheetState | null {
    const file = this.#fileOf(id);
    if (file === null || !existsSync(file)) return null;
    return JSON.parse(readFileSync(file, 'utf8')) as SpreadsheetState;
  }

  /** Named by a hash, because an id may contain characters that a file name may not. */
  #fileOf(id: string): string | null {
    if (this.#directory === null) return null;
    return join(this.#directory, `${createHash('sha256').update(id).digest('hex').slice(0, 32)}.json`);
  }
}
