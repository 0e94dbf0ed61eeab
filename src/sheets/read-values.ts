/**
 * Validates the cells of a body. The edge's schema skips them, because two million cells must be checked in slices of
 * the event loop.
 */
import { setImmediate } from 'node:timers/promises';
import { type InputFault, ServiceError } from '../errors.ts';
import type { Cell } from '../providers/google_sheets/operations.ts';

/** Per call; more would make bodies of hundreds of megabytes that take seconds. */
export const maxCells = 2_000_000;

/** Google Drive help, "Files you can store in Google Drive". */
export const maxCellCharacters = 50_000;

const maxFaults = 20;

/** The slowest cells, numbers beyond 10^37, take a microsecond each. */
const cellsPerTurn = 10_000;

export type Rows = readonly (readonly Cell[])[];

/** Collects the faults of all cells of a body, or of all operations of a batch. */
export class ValuesReader {
  readonly faults: InputFault[] = [];

  fault(path: string, message: string): void {
    if (this.faults.length < maxFaults) this.faults.push({ path, message });
  }

  /** Throws `INVALID_REQUEST` naming every fault; returns if there is none. */
  refuseFaults(): void {
    const [first] = this.faults;
    if (first === undefined) return;
    throw new ServiceError('INVALID_REQUEST', `${first.path}: ${first.message}`, { errors: this.faults });
  }

  /** The rows, each padded with null to the width of the widest. */
  async read(values: readonly unknown[], path: string): Promise<Rows> {
    let width = 0;
    let seenCells = 0;
    for (const [index, row] of values.entries()) {
      if (this.faults.length >= maxFaults) break;
      if (!Array.isArray(row)) {
        this.fault(`${path}[${index}]`, 'must be a list of cells');
        continue;
      }
      width = Math.max(width, row.length);
      if (width * values.length > maxCells) {
        this.fault(path, `has more than ${maxCells} cells`);
        break; // The body is refused anyway; checking its other cells would only delay other requests.
      }
      this.#row(row, `${path}[${index}]`);
      seenCells += row.length + 1;
      if (seenCells > cellsPerTurn) {
        seenCells = 0;
        await setImmediate();
      }
    }
    if (this.faults.length > 0) return [];
    if (width === 0) this.fault(`${path}[0]`, 'must hold at least one cell');
    return (values as Cell[][]).map((row) => padded(row, width));
  }

  #row(row: readonly unknown[], path: string): void {
    for (const [column, cell] of row.entries()) {
      if (typeof cell === 'string') {
        if (cell.length > maxCellCharacters)
          this.fault(`${path}[${column}]`, `must be at most ${maxCellCharacters} characters`);
      } else if (isBeyondDigits(cell)) {
        this.fault(`${path}[${column}]`, tooManyDigits);
      } else if (cell !== null && typeof cell !== 'boolean' && !(typeof cell === 'number' && Number.isFinite(cell))) {
        this.fault(`${path}[${column}]`, 'must be a string, a number, a boolean or null');
      }
    }
  }

  /** Google ends a table at an empty row, so the next append would overwrite such a row. */
  refuseBlankRows(rows: Rows, path: string): void {
    for (const [index, row] of rows.entries()) {
      if (row.length > 0 && row.every((cell) => cell === null || cell === '')) {
        this.fault(`${path}[${index}]`, 'must hold at least one cell that is not empty');
      }
    }
  }
}

/** Google Sheets stores fifteen digits of a number. */
export function isBeyondDigits(cell: unknown): boolean {
  if (!Number.isInteger(cell)) return false;
  const size = Math.abs(cell as number);
  if (size < 1e15) return false;
  if (size > 1e37) return Number(size.toPrecision(15)) !== size;
  // Powers up to 10^22 are exact, and so is the product: the same result as printing 15 digits, a hundred times as
  // fast.
  const unit = 10 ** (Math.floor(Math.log10(size)) - 14);
  return Math.round(size / unit) * unit !== size;
}

export const tooManyDigits = 'has more than 15 digits, and a sheet holds no more of a number: send it as text';

/** Google accepts rows of different lengths and leaves the missing cells unchanged, just like cells of null. */
function padded(row: readonly Cell[], width: number): readonly Cell[] {
  return row.length === width ? row : [...row, ...new Array<null>(width - row.length).fill(null)];
}
