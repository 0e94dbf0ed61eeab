/** The console: asks the API as its user, shows what comes, and asks again while somebody looks. */
import { ApiError, createApi } from './api.js';
import {
  costTable,
  deliveryTable,
  element,
  eventLine,
  limitTable,
  logTable,
  partTiles,
  serviceTable,
} from './views.js';

const refreshMs = 5_000;
const reconnectMs = 3_000;
const maxEvents = 200;
const day = (/** @type {number} */ ms) => new Date(ms).toISOString().slice(0, 10);
const byId = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const remembered = { tenant: 'integration-console-tenant', token: 'integration-console-token' };

let session = new AbortController();
/** Looks at once, where a session is open. */
let lookNow = () => {};
/** @type {Map<string, number>} */
const looks = new Map();

/** @returns {string | undefined} */
const focusedKey = () => /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key;

/**
 * One section: what it asks, and how it is shown. A refusal stands in its place and leaves the others alone. An answer
 * that a later look has overtaken is not shown: it may be another filter's.
 */
async function fill(/** @type {string} */ id, /** @type {() => Promise<Node[]>} */ show) {
  const look = (looks.get(id) ?? 0) + 1;
  looks.set(id, look);
  try {
    const shown = await show();
    if (looks.get(id) !== look) return;
    const focused = byId(id).contains(document.activeElement) ? focusedKey() : undefined;
    byId(id).replaceChildren(...shown);
    // Whoever works with the keyboard must not lose the place with every look.
    if (focused)
      byId(id)
        .querySelector(`[data-key="${CSS.escape(focused)}"]`)
        ?.focus({ preventScroll: true });
  } catch (error) {
    if (session.signal.aborted || looks.get(id) !== look) return;
    if (error instanceof ApiError && error.status === 401) throw error;
    const needsMore = error instanceof ApiError && error.status === 403;
    const text = needsMore
      ? `${error.message} An administrator’s token shows this.`
      : /** @type {Error} */ (error).message;
    byId(id).replaceChildren(element('p', { text, class: needsMore ? 'soft' : 'bad' }));
  }
}

async function refresh(/** @type {ReturnType<typeof createApi>} */ api) {
  const query = new URLSearchParams({ limit: '50' });
  if (byId('log-status').value !== '') query.set('status', byId('log-status').value);
  if (byId('log-request').value.trim() !== '') query.set('request_id', byId('log-request').value.trim());
  const costQuery = new URLSearchParams({
    from_date: day(Date.now() - 30 * 86_400_000),
    group_by: 'service,operation',
  });
  const open = (/** @type {any} */ { id }) =>
    api.ask(`/api/v1/logs/${id}`).then(showDetail, (error) => say(error.message, true));
  const checkNow = async (/** @type {any} */ { id }) => {
    await api.ask(`/api/v1/services/${id}/check`, { method: 'POST' }).then(
      async ({ service_name, status, ok, last_error, response_time_ms }) => {
        await refresh(api);
        if (ok) say(`${service_name} answered within ${response_time_ms} ms: ${status}.`);
        else say(`${service_name} did not answer well: ${last_error ?? status}.`, true);
      },
      (error) => say(error.message, true),
    );
  };
  const openDelivery = (/** @type {any} */ { id }) =>
    api.ask(`/api/v1/webhooks/events/${id}`).then(showDetail, (error) => say(error.message, true));
  const sendAgain = async (/** @type {any} */ { id, webhook_name }) => {
    await api.ask(`/api/v1/webhooks/events/${id}/retry`, { method: 'POST' }).then(
      async () => {
        await refresh(api);
        say(`The delivery of ${webhook_name} is sent again.`);
      },
      (error) => say(error.message, true),
    );
  };
  const deliveries = `/api/v1/webhooks/events?limit=30&${byId('delivery-filter').value}`;
  await Promise.all([
    fill('parts', async () => partTiles(await api.ask('/health/detailed'))),
    fill('services', async () => [serviceTable((await api.ask('/api/v1/services?limit=200')).services, checkNow)]),
    fill('limits', async () => [limitTable(await api.ask('/api/v1/rate-limits'))]),
    fill('costs', async () => [costTable(await api.ask(`/api/v1/costs?${costQuery}`))]),
    fill('logs', async () => [logTable((await api.ask(`/api/v1/logs?${query}`)).logs, (log) => void open(log))]),
    fill('deliveries', async () => [
      deliveryTable((await api.ask(deliveries)).events, (event) => void openDelivery(event), sendAgain),
    ]),
  ]);
}

async function follow(/** @type {ReturnType<typeof createApi>} */ api, /** @type {AbortSignal} */ signal) {
  const state = byId('events-state');
  while (!signal.aborted) {
    try {
      const add = (/** @type {any} */ event) => {
        byId('events').prepend(eventLine(event, showDetail));
        while (byId('events').childElementCount > maxEvents) byId('events').lastElementChild.remove();
      };
      await api.followEvents(add, () => state.replaceChildren('live'), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && [401, 403].includes(error.status)) {
        state.replaceChildren('an administrator’s token shows these');
        return;
      }
    }
    state.replaceChildren('connecting again…');
    await pause(reconnectMs, signal);
  }
}

function pause(/** @type {number} */ ms, /** @type {AbortSignal} */ signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

async function begin() {
  session.abort();
  session = new AbortController();
  const { signal } = session;
  const api = createApi({ tenant: byId('tenant').value.trim(), token: byId('token').value.trim() });
  byId('events').replaceChildren();
  say('');
  void follow(api, signal);
  lookNow = () => void refresh(api).catch(() => {}); // What is wrong with the access the next look of the loop says.
  while (!signal.aborted) {
    try {
      if (!document.hidden) await refresh(api);
      if (signal.aborted) return;
      byId('board').hidden = false;
    } catch (error) {
      byId('board').hidden = true;
      say(/** @type {Error} */ (error).message, true);
      return session.abort();
    }
    await pause(refreshMs, signal);
  }
}

function say(/** @type {string} */ text, isFault = false) {
  byId('message').textContent = text;
  byId('message').hidden = text === '';
  byId('message').className = isFault ? 'fault' : '';
}

function showDetail(/** @type {unknown} */ value) {
  byId('detail-text').textContent = JSON.stringify(value, null, 2);
  byId('detail').showModal();
}

byId('access').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  for (const [name, key] of Object.entries(remembered)) sessionStorage.setItem(key, byId(name).value.trim());
  void begin();
});
byId('forget').addEventListener('click', () => {
  session.abort();
  for (const [name, key] of Object.entries(remembered)) {
    sessionStorage.removeItem(key);
    byId(name).value = '';
  }
  byId('board').hidden = true;
  lookNow = () => {};
  say('Forgotten.');
});
for (const id of ['log-status', 'log-request', 'delivery-filter']) byId(id).addEventListener('change', () => lookNow());

fetch('/health').then(
  async (reply) => byId('version').replaceChildren((await reply.json()).version),
  () => {},
);
for (const [name, key] of Object.entries(remembered)) byId(name).value = sessionStorage.getItem(key) ?? '';
if (byId('tenant').value !== '' && byId('token').value !== '') void begin();
