/** The interface that runs SQL: within a transaction, or one statement by itself. */

export interface Statement {
  /** The name of a prepared statement; each name has one text. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface Rows<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Rows<Row>>;
}

export async function findRows<Row>(db: Queryable, statement: Statement): Promise<Row[]> {
  return (await db.query<Row>(statement)).rows;
}

/** The first row, or null. */
export async function findRow<Row>(db: Queryable, statement: Statement): Promise<Row | null> {
  return (await findRows<Row>(db, statement))[0] ?? null;
}
