/**
 * A prepared statement as a function: its name, its SQL, and how the function's arguments become the SQL's values. The
 * word that begins it says what the function resolves to.
 */
import type { Database } from './database.ts';
import type { Queryable, Rows } from './queryable.ts';

type Values = readonly unknown[];

interface Prepared<Result> {
  /** The function takes what runs the statement, a transaction for example, and then these arguments. */
  by<Args extends Values>(valuesOf: (...args: Args) => Values): (db: Queryable, ...args: Args) => Promise<Result>;
  /** The function runs the statement by itself under the system role, which sees the rows of every tenant. */
  acrossTenants<Args extends Values>(
    valuesOf: (...args: Args) => Values,
  ): (db: Pick<Database, 'querySystem'>, ...args: Args) => Promise<Result>;
}

/** `read` makes the result. */
export function answerOf<Row, Result>(
  name: string,
  text: string,
  read: (answer: Rows<Row>) => Result,
): Prepared<Result> {
  return {
    by:
      (valuesOf) =>
      async (db, ...args) =>
        read(await db.query<Row>({ name, text, values: valuesOf(...args) })),
    acrossTenants:
      (valuesOf) =>
      async (db, ...args) =>
        read(await db.querySystem<Row>({ name, text, values: valuesOf(...args) })),
  };
}

export const rowsOf = <Row>(name: string, text: string) => answerOf<Row, Row[]>(name, text, ({ rows }) => rows);

/** The first row, or null. */
export const rowOf = <Row>(name: string, text: string) =>
  answerOf<Row, Row | null>(name, text, ({ rows }) => rows[0] ?? null);

/** The row of a statement that always returns one, such as an insert or a count. */
export const onlyRowOf = <Row>(name: string, text: string) =>
  answerOf<Row, Row>(name, text, ({ rows }) => rows[0] as Row);

/** The values of the only column. */
export const columnOf = <Value>(name: string, text: string) =>
  answerOf<Record<string, Value>, Value[]>(name, text, ({ rows }) => rows.flatMap((row) => Object.values(row)));

export const effectOf = (name: string, text: string) => answerOf<unknown, void>(name, text, () => {});

/** Whether a row was found or changed. */
export const hasEffect = (name: string, text: string) =>
  answerOf<unknown, boolean>(name, text, ({ rowCount }) => rowCount > 0);

/** How many rows were changed. */
export const countOf = (name: string, text: string) =>
  answerOf<unknown, number>(name, text, ({ rowCount }) => rowCount);
