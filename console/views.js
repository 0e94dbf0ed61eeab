/** Answers of the API as elements. Text is only ever set as text: what a provider wrote cannot become markup. */

/**
 * @param {string} tag
 * `key` tells an element that can hold the focus from the others of its section: it gets the focus back when the section
 * is shown anew.
 *
 * @param {{ text?: unknown, class?: string, title?: string, key?: string }} [options]
 * @param {(Node | null)[]} [children]
 */
export function element(tag, options = {}, children = []) {
  const made = document.createElement(tag);
  if (options.text !== undefined && options.text !== null) made.textContent = String(options.text);
  if (options.class) made.className = options.class;
  if (options.title) made.title = options.title;
  if (options.key) made.dataset.key = options.key;
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * @param {{ head: string, number?: boolean, cell: (row: any) => Node | string | number | null }[]} columns
 * @param {any[]} rows
 * @param {((row: any) => void) | null} [onOpen]
 */
export function table(columns, rows, onOpen = null) {
  if (rows.length === 0) return element('p', { text: 'Nothing yet.', class: 'soft' });
  const head = element(
    'tr',
    {},
    columns.map(({ head, number }) => element('th', { text: head, class: number ? 'number' : '' })),
  );
  const body = rows.map((row) => {
    const line = element(
      'tr',
      onOpen ? { class: 'open', key: row.id } : {},
      columns.map(({ cell, number }) => {
        const content = cell(row);
        const isNode = content instanceof Node;
        const long = !isNode && String(content ?? '').length > 40;
        const made = element('td', {
          class: number ? 'number' : long ? 'long' : '',
          ...(isNode ? {} : { text: content }),
          ...(long ? { title: String(content) } : {}),
        });
        if (isNode) made.append(content);
        return made;
      }),
    );
    if (onOpen) makeOpenable(line, () => onOpen(row));
    return line;
  });
  return element('table', {}, [element('thead', {}, [head]), element('tbody', {}, body)]);
}

/**
 * By the mouse and by the keyboard.
 *
 * @param {HTMLElement} line
 * @param {() => void} open
 */
function makeOpenable(line, open) {
  line.tabIndex = 0;
  line.addEventListener('click', open);
  line.addEventListener('keydown', (event) => {
    if (event.target !== line) return; // A button within has keys of its own.
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    open();
  });
}

const tones = {
  healthy: 'good',
  up: 'good',
  success: 'good',
  accepted: 'good',
  delivered: 'good',
  deferred: 'warn',
  pending: 'warn',
  refused: 'bad',
  dead: 'bad',
  degraded: 'warn',
  rate_limited: 'warn',
  cancelled: 'warn',
  down: 'bad',
  error: 'bad',
  timeout: 'bad',
};

/** @param {string} status */
export function status(status) {
  return element('span', { text: status, class: tones[/** @type {keyof typeof tones} */ (status)] ?? 'soft' });
}

/** @param {number} usd */
export function money(usd) {
  return `$${usd.toFixed(usd !== 0 && Math.abs(usd) < 1 ? 4 : 2)}`;
}

/** @param {string | null} time */
export function clock(time) {
  return time === null ? '' : time.replace('T', ' ').replace(/\.\d+Z$/, '');
}

/** @param {any} health */
export function partTiles(health) {
  const tile = (/** @type {Node} */ value, /** @type {string} */ name) =>
    element('div', { class: 'tile' }, [element('b', {}, [value]), element('span', { text: name })]);
  const part = (/** @type {any} */ { status: state, kind }, /** @type {string} */ name) =>
    tile(status(state), `${name} · ${kind}`);
  return [
    part(health.database, 'Database'),
    part(health.cache, 'Cache'),
    part(health.event_bus, 'Event bus'),
    tile(
      element('span', { text: health.outbox.backlog, class: health.outbox.backlog > 1000 ? 'warn' : '' }),
      'Events waiting',
    ),
    tile(
      element('span', {
        text: `${Math.floor(health.uptime_seconds / 3600)} h ${Math.floor((health.uptime_seconds / 60) % 60)} min`,
      }),
      'Up',
    ),
  ];
}

/**
 * @param {any[]} services
 * @param {(service: any) => Promise<void>} checkNow
 */
export function serviceTable(services, checkNow) {
  return table(
    [
      { head: 'Service', cell: ({ service_name }) => service_name },
      { head: 'Type', cell: ({ service_type }) => service_type },
      {
        head: 'Health',
        cell: ({ is_active, health_status }) =>
          is_active ? status(health_status) : element('span', { text: 'switched off', class: 'soft' }),
      },
      { head: 'Checked, UTC', cell: ({ last_health_check }) => clock(last_health_check) },
      { head: 'Priority', number: true, cell: ({ priority }) => priority },
      { head: 'Key', cell: ({ has_api_key, has_credentials }) => (has_api_key || has_credentials ? 'yes' : 'none') },
      { head: 'Name', cell: ({ display_name }) => display_name },
      { head: '', cell: (service) => actionButton('Check now', service.id, () => checkNow(service)) },
    ],
    services,
  );
}

/**
 * Off while its action runs.
 *
 * @param {string} text
 * @param {string} key
 * @param {() => Promise<void>} act
 */
function actionButton(text, key, act) {
  const button = /** @type {HTMLButtonElement} */ (element('button', { text, key }));
  button.addEventListener('click', (event) => {
    event.stopPropagation(); // Its row opens with a click too.
    button.disabled = true;
    void act().finally(() => {
      button.disabled = false;
    });
  });
  return button;
}

/** @param {any} limits */
export function limitTable({ families, services }) {
  const rows = [
    ...families.flatMap((/** @type {any} */ { family, windows }) =>
      windows.map((/** @type {any} */ window) => ({ name: `${family} (tenant)`, ...window })),
    ),
    ...services.flatMap((/** @type {any} */ { service_name, windows }) =>
      windows.map((/** @type {any} */ window) => ({ name: service_name, ...window })),
    ),
  ];
  return table(
    [
      { head: 'Limit', cell: ({ name, limit }) => (limit === undefined ? name : `${name} · ${limit}`) },
      { head: 'Per', cell: ({ window_type }) => window_type },
      {
        head: 'Spent',
        cell: ({ request_count, max_requests }) => {
          const meter = /** @type {HTMLMeterElement} */ (element('meter'));
          Object.assign(meter, {
            max: max_requests,
            low: max_requests * 0.75,
            high: max_requests * 0.9,
            optimum: 0,
            value: request_count,
          });
          return meter;
        },
      },
      { head: '', number: true, cell: ({ request_count, max_requests }) => `${request_count} of ${max_requests}` },
    ],
    rows,
  );
}

/** @param {any} costs */
export function costTable({ rows, total_cost, saved_by_cache, unpriced = [] }) {
  const summary = element('p', {}, [
    element('b', { text: money(total_cost) }),
    element('span', { text: ` spent, ${money(saved_by_cache)} saved by the cache`, class: 'soft' }),
  ]);
  const missing =
    unpriced.length === 0
      ? null
      : element('p', {
          class: 'warn',
          text: `No price is known for ${unpriced.map((/** @type {any} */ { service_name, operation }) => `${service_name} ${operation}`).join(', ')}.`,
        });
  const list = table(
    [
      { head: 'Service', cell: ({ service_name }) => service_name },
      { head: 'Operation', cell: ({ operation }) => operation },
      { head: 'Asked', number: true, cell: ({ request_count }) => request_count },
      { head: 'From cache', number: true, cell: ({ cached_count }) => cached_count },
      { head: 'Cost', number: true, cell: ({ total_cost: cost }) => money(cost) },
      { head: 'Saved', number: true, cell: ({ saved_by_cache: saved }) => money(saved) },
    ],
    rows,
  );
  return element('div', {}, [summary, missing, list]);
}

/**
 * @param {any[]} logs
 * @param {(log: any) => void} onOpen
 */
export function logTable(logs, onOpen) {
  return table(
    [
      { head: 'Began, UTC', cell: ({ started_at }) => clock(started_at) },
      { head: 'Status', cell: (log) => status(log.status) },
      { head: 'Service', cell: ({ service_name }) => service_name },
      { head: 'Operation', cell: ({ operation }) => operation },
      { head: 'Code', number: true, cell: ({ response_status_code }) => response_status_code },
      { head: 'Took', number: true, cell: ({ duration_ms }) => (duration_ms === null ? '' : `${duration_ms} ms`) },
      { head: 'Retries', number: true, cell: ({ retry_count }) => retry_count || '' },
      { head: 'Cost', number: true, cell: ({ estimated_cost }) => (estimated_cost === 0 ? '' : money(estimated_cost)) },
      { head: 'Error', cell: ({ error_message, error_code }) => error_message ?? error_code },
      { head: 'For', cell: ({ source_service }) => source_service },
    ],
    logs,
    onOpen,
  );
}

/**
 * @param {any[]} events
 * @param {(event: any) => void} onOpen
 * @param {(event: any) => Promise<void>} sendAgain
 */
export function deliveryTable(events, onOpen, sendAgain) {
  return table(
    [
      { head: 'Received, UTC', cell: ({ received_at }) => clock(received_at) },
      { head: 'Status', cell: (event) => status(event.status) },
      { head: 'Webhook', cell: ({ webhook_name }) => webhook_name },
      { head: 'Sender', cell: ({ source_service }) => source_service },
      { head: 'Type', cell: ({ event_type }) => event_type },
      { head: 'Target', cell: ({ target }) => (target === null ? '' : status(target.status)) },
      { head: 'Tries', number: true, cell: ({ target }) => target?.attempt_count || '' },
      {
        head: 'Why',
        cell: ({ refusal_reason, target }) => refusal_reason?.replaceAll('_', ' ') ?? target?.last_error,
      },
      {
        head: '',
        cell: (event) =>
          event.target?.status === 'dead'
            ? actionButton('Send again', `retry ${event.id}`, () => sendAgain(event))
            : '',
      },
    ],
    events,
    onOpen,
  );
}

/**
 * @param {any} event
 * @param {(event: any) => void} onOpen
 */
export function eventLine(event, onOpen) {
  const { event_type, timestamp, service_name, operation, webhook_name, webhook_event_type, correlation_id } = event;
  const kind = String(event_type).replace('integration.', '');
  const tone = /failed|exceeded|degraded/.test(kind) ? 'bad' : 'soft';
  const line = element('div', { class: 'event', title: JSON.stringify(event, null, 1) });
  line.append(
    element('span', { text: `${String(timestamp).slice(11, 23)}  ` }),
    element('span', { text: kind.padEnd(22), class: tone }),
    element('span', {
      text: ` ${[service_name, operation, webhook_name, webhook_event_type, correlation_id].filter(Boolean).join('  ')}`,
    }),
  );
  makeOpenable(line, () => onOpen(event));
  return line;
}
