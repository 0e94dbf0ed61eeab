/** Builds the `where` of a tenant's filtered list: the tenant first, then each filter that is set. */

export interface FilterConditions {
  /** The conditions, joined by `and`. */
  text(): string;
  /** In the order of their parameters. */
  readonly values: unknown[];
  /** Adds a value and returns its parameter: `$3`. */
  parameter(value: unknown): string;
  /** Adds the condition that `render` builds from the value's parameter; adds nothing if the value is undefined. */
  add(render: (parameter: string) => string, value: unknown): void;
  /** Adds a condition without a value. */
  addFixed(condition: string): void;
  /** `column` from `fromMs` to before `toMs`, in Unix milliseconds; undefined leaves that end open. */
  addTimes(column: string, fromMs: number | undefined, toMs: number | undefined): void;
  /** Keeps the rows after this position of a list ordered by time, then by id. */
  addAfter(columns: readonly [at: string, id: string], order: 'asc' | 'desc', at: string, id: string): void;
}

/** `tenantColumn` is the column's name in the statement: `e.management_company_id`. */
export function createFilterConditions(tenantColumn: string, tenantId: string): FilterConditions {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const add: FilterConditions['add'] = (render, value) => {
    if (value !== undefined) conditions.push(render(parameter(value)));
  };
  add((tenant) => `${tenantColumn} = ${tenant}`, tenantId);
  return {
    text: () => conditions.join(' and '),
    values,
    parameter,
    add,
    addFixed: (condition) => void conditions.push(condition),
    addTimes(column, fromMs, toMs) {
      add((from) => `${column} >= ${from}`, timeOf(fromMs));
      add((to) => `${column} < ${to}`, timeOf(toMs));
    },
    addAfter: ([atColumn, idColumn], order, at, id) =>
      void conditions.push(
        `(${atColumn}, ${idColumn}) ${order === 'asc' ? '>' : '<'} (${parameter(at)}, ${parameter(id)})`,
      ),
  };
}

function timeOf(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}
