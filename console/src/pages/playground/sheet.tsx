import { useState } from 'preact/hooks';
import { hrefOf, usePlace } from '../../app/location.tsx';
import { useApi, useSession } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { curlOf } from '../../parts/forms/curl.ts';
import { FormFault, TextField, useSending } from '../../parts/forms/form.tsx';
import { CallCost } from './call-cost.tsx';
import { History, useHistory } from './history.tsx';
import { playgroundMessages } from './messages.ts';

interface Values {
  readonly range: string;
  readonly values: readonly (readonly unknown[])[];
}

const letters = 26;

export function Sheet() {
  const t = useMessages(playgroundMessages);
  const api = useApi();
  const { tenant = '' } = useSession();
  const { query } = usePlace();
  const [id, setId] = useState(query.get('spreadsheet_id') ?? '');
  const [range, setRange] = useState(query.get('range') ?? 'Sheet1!A1:F20');
  const [rows, setRows] = useState('');
  const [grid, setGrid] = useState<Values | null>(null);
  const [requestId, setRequestId] = useState<string | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const sending = useSending();
  const history = useHistory('sheet');
  const read = async (): Promise<void> => {
    const body = { spreadsheet_id: id.trim(), range: range.trim() };
    const reply = await api.ask<Values>('POST', '/sheets/read', { body });
    setGrid(reply.body);
    setRequestId(reply.headers.get('x-request-id'));
    history.note({ label: `${id} ${range}`, href: hrefOf('/playground/sheet', { spreadsheet_id: id, range }) });
  };
  const values = rows
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(line.includes('\t') ? '\t' : ';'));
  const append = async (): Promise<void> => {
    const body = { spreadsheet_id: id.trim(), range: range.trim(), values };
    const { updated_range } = await api.sendOnce<{ updated_range: string }>('/sheets/append', body);
    setSaid(t('appended', { range: updated_range }));
    setRows('');
    await read();
  };
  return (
    <div class="stack">
      <form
        class="panel form"
        onSubmit={(event) => {
          event.preventDefault();
          setSaid(null);
          void sending.run(read);
        }}
      >
        <FormFault error={sending.error} fields={['spreadsheet_id', 'range']} />
        <div class="form-grid">
          <TextField
            label={t('spreadsheet')}
            hint={t('spreadsheetHint')}
            value={id}
            onInput={setId}
            isRequired
            fault={sending.faultOf('spreadsheet_id')}
          />
          <TextField label={t('range')} value={range} onInput={setRange} isRequired fault={sending.faultOf('range')} />
        </div>
        <TextField label={t('rows')} hint={t('rowsHint')} lines={3} value={rows} onInput={setRows} />
        <div class="actions">
          <button type="submit" class="button primary" aria-disabled={sending.isSending}>
            {t('read')}
          </button>
          <button
            type="button"
            class="button"
            aria-disabled={sending.isSending || values.length === 0 || id.trim() === ''}
            onClick={() => void sending.run(append)}
          >
            {t('append')}
          </button>
        </div>
        {said !== null && (
          <p class="notice good-notice" role="status">
            {said}
          </p>
        )}
      </form>
      {grid !== null && <Grid grid={grid} requestId={requestId} />}
      <Code
        label={t('curl')}
        text={
          values.length === 0
            ? curlOf('POST', '/sheets/read', tenant, { spreadsheet_id: id, range })
            : curlOf('POST', '/sheets/append', tenant, { spreadsheet_id: id, range, values })
        }
      />
      <History history={history} />
    </div>
  );
}

function Grid({ grid, requestId }: { grid: Values; requestId: string | null }) {
  const t = useMessages(playgroundMessages);
  const width = Math.max(0, ...grid.values.map((row) => row.length));
  const firstRow = Number(/[A-Z]+(\d+)/i.exec(grid.range.split('!').pop() ?? '')?.[1] ?? 1);
  const firstColumn = columnNumber(/([A-Z]+)/i.exec(grid.range.split('!').pop() ?? '')?.[1] ?? 'A');
  const label = t('grid', { range: grid.range });
  if (width === 0) return <p class="panel empty">{t('emptyGrid')}</p>;
  return (
    <section class="panel" aria-label={label}>
      <div class="panel-head">
        <h2>{label}</h2>
        <span class="muted">
          {t('costs')} <CallCost requestId={requestId} />
        </span>
      </div>
      <section class="table-box" tabIndex={0} aria-label={`${label} ⇄`}>
        <table class="grid">
          <thead>
            <tr>
              <td />
              {Array.from({ length: width }, (_, index) => columnName(firstColumn + index)).map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.values.map((row, index) => (
              <tr key={firstRow + index}>
                <th scope="row">{firstRow + index}</th>
                {Array.from({ length: width }, (_, column) => (
                  <td key={columnName(firstColumn + column)} class={typeof row[column] === 'number' ? 'number' : ''}>
                    <Foreign text={row[column] === undefined || row[column] === null ? '' : String(row[column])} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function columnNumber(name: string): number {
  return [...name.toUpperCase()].reduce((sum, letter) => sum * letters + letter.charCodeAt(0) - 64, 0) - 1;
}

function columnName(index: number): string {
  const rest = Math.floor(index / letters) - 1;
  return (rest >= 0 ? columnName(rest) : '') + String.fromCharCode(65 + (index % letters));
}
