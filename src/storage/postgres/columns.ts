/** One list of columns for all that names them: the type of a row's values, and each part of a statement. */

type Trimmed<Text extends string> = Text extends `${' ' | '\n'}${infer Rest}` ? Trimmed<Rest> : Text;
type NamesIn<Text extends string> = Text extends `${infer Name},${infer Rest}`
  ? Trimmed<Name> | NamesIn<Rest>
  : Trimmed<Text>;

export interface Columns<Name extends string> {
  /** `name, type`. */
  readonly list: string;
  /** `$4, $5`. */
  parameters(first: number): string;
  /** `name = $4, type = $5`. */
  assignments(first: number): string;
  /** `name = excluded.name, type = excluded.type`. */
  readonly excluded: string;
  valuesOf(row: Readonly<Record<Name, unknown>>): readonly unknown[];
  /** These columns of a row. */
  of<Row extends Readonly<Record<Name, unknown>>>(row: Row): Pick<Row, Name>;
}

/** `text`: the names with commas between. `json`: those that hold JSON. */
export function columnsOf<const Text extends string>(
  text: Text,
  json: readonly NamesIn<Text>[],
): Columns<NamesIn<Text>> {
  const names = text.split(',').map((name) => name.trim()) as NamesIn<Text>[];
  return {
    list: names.join(', '),
    parameters: (first) => names.map((_, index) => `$${first + index}`).join(', '),
    assignments: (first) => names.map((name, index) => `${name} = $${first + index}`).join(', '),
    excluded: names.map((name) => `${name} = excluded.${name}`).join(', '),
    valuesOf: (row) =>
      names.map((name) => (json.includes(name) && row[name] !== null ? JSON.stringify(row[name]) : row[name])),
    of: (row) => Object.fromEntries(names.map((name) => [name, row[name]])) as never,
  };
}

export type NameOf<List> = List extends Columns<infer Name> ? Name : never;
