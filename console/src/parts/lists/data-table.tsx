import type { ComponentChildren } from 'preact';
import { go } from '../../app/location.tsx';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
  /** Hidden on narrow screens, and beside a sheet. */
  readonly isExtra?: boolean;
  /** Hidden beside a sheet. */
  readonly isSpare?: boolean;
}

interface DataTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The link of a row: its first cell becomes the link. */
  readonly hrefOf?: (row: Row) => string;
  readonly selectedKey?: string | null;
  /** On narrow screens its cells are in two lines without headings, because they explain themselves. */
  readonly isTwoLines?: boolean;
  readonly empty: ComponentChildren;
}

/** A real table: the browser's search finds everything, rows are links, and on narrow screens each row is a card. */
export function DataTable<Row>({
  caption,
  columns,
  rows,
  keyOf,
  hrefOf,
  selectedKey,
  isTwoLines = false,
  empty,
}: DataTableProps<Row>) {
  if (rows.length === 0) return <div class="empty">{empty}</div>;
  return (
    <div class="table-box">
      <table class={isTwoLines ? 'cards lines' : 'cards'}>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={classOf(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = keyOf(row);
            const href = hrefOf?.(row);
            return (
              <tr
                key={key}
                class={href === undefined ? '' : 'linked'}
                onClick={href === undefined ? undefined : (event) => openRow(event, href)}
                aria-current={key === selectedKey ? 'true' : undefined}
              >
                {columns.map((column, index) => (
                  <td key={column.name} class={classOf(column)} data-label={column.name}>
                    {index === 0 && href !== undefined ? (
                      <a class="row-link" href={href}>
                        {column.cell(row)}
                      </a>
                    ) : (
                      column.cell(row)
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A click anywhere in a row follows its link, except on selected text or another control. */
function openRow(event: MouseEvent, href: string): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if ((event.target as Element).closest('a, button, input, summary') !== null) return;
  if (window.getSelection()?.isCollapsed === false) return;
  go(href);
}

function classOf<Row>({ isNumber, isExtra, isSpare }: Column<Row>): string {
  return `${isNumber === true ? 'number' : ''}${isExtra === true ? ' extra' : ''}${isSpare === true ? ' spare' : ''}`;
}
