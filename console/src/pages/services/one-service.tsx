import { useState } from 'preact/hooks';
import type { Api } from '../../api/client.ts';
import type { CallLog, LimitWindow, LogPage, Service } from '../../api/types.ts';
import { type Reload, useQuery } from '../../api/use-query.ts';
import { everyService } from '../../api/whole-lists.ts';
import { go, hrefOf } from '../../app/location.tsx';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { Foreign, ForeignUrl } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/forms/form.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { WindowTable } from '../../parts/lists/window-table.tsx';
import { useDetailTitle } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { useServerText } from '../../parts/server-text.ts';
import { ServiceNumbers, useServiceNumbers } from '../../parts/service-numbers.tsx';
import { Status } from '../../parts/status.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Time } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { servicesMessages } from './messages.ts';
import { ServiceForm } from './service-form.tsx';
import { History } from './service-history.tsx';

const tabs = ['health', 'limits', 'settings', 'history'] as const;

interface Probe {
  readonly ok: boolean;
  readonly health_status: string;
  readonly last_health_check: string | null;
  readonly response_time_ms: number | null;
  readonly last_error: string | null;
}

interface Loaded {
  readonly service: Service;
  readonly etag: string | null;
}

async function readService(api: Api, id: string, signal: AbortSignal): Promise<Loaded> {
  const { body, headers } = await api.ask<Service>('GET', `/services/${id}`, { signal });
  return { service: body, etag: headers.get('etag') };
}

/** Returns the service after the change. */
async function changeService(
  api: Api,
  id: string,
  body: Record<string, unknown>,
  etag: string | null,
): Promise<Loaded> {
  const given = etag === null ? {} : { 'if-match': etag };
  const changed = await api.ask<Service>('PATCH', `/services/${id}`, { body, headers: given });
  return { service: changed.body, etag: changed.headers.get('etag') };
}

export function OneService({ id, tab }: { id: string; tab: string }) {
  const query = useQuery(`service:${id}`, (api, signal) => readService(api, id, signal));
  return (
    <QueryView query={query}>
      {(loaded) => <ServiceView key={loaded.service.id} loaded={loaded} tab={tab} onChanged={query.reload} />}
    </QueryView>
  );
}

function ServiceView({
  loaded: { service, etag },
  tab,
  onChanged,
}: {
  loaded: Loaded;
  tab: string;
  onChanged: Reload<Loaded>;
}) {
  const t = useMessages(servicesMessages);
  const api = useApi();
  const say = useToast();
  const others = useQuery('services', everyService);
  const place = `/services/${service.id}`;
  useDetailTitle(service.display_name);
  const save = async (body: Record<string, unknown>, version: string | null): Promise<void> => {
    const changed = await changeService(api, service.id, body, version);
    onChanged(() => changed);
    say(t('saved'));
  };
  return (
    <>
      <ServiceHead service={service} onChanged={onChanged} />
      <Tabs
        label={t('views')}
        current={tab}
        tabs={tabs.map((key) => ({ key, name: t(key), href: hrefOf(key === 'health' ? place : `${place}/${key}`) }))}
      />
      {tab === 'health' && <Health service={service} />}
      {tab === 'limits' && <ServiceLimits id={service.id} />}
      {tab === 'settings' && (
        <ServiceForm
          service={service}
          etag={etag}
          others={others.data?.services ?? []}
          onSend={save}
          onReload={onChanged}
        />
      )}
      {tab === 'history' && <History id={service.id} />}
    </>
  );
}

function ServiceHead({ service, onChanged }: { service: Service; onChanged: Reload<Loaded> }) {
  const t = useMessages(servicesMessages);
  const api = useApi();
  const formats = useFormats();
  const isAdmin = useIsAdmin();
  const say = useToast();
  const sending = useSending();
  const serverText = useServerText();
  const [asksDelete, setAsksDelete] = useState(false);
  const [said, setSaid] = useState<{ text: string; isGood: boolean } | null>(null);
  const name = service.service_name;
  const test = (): void =>
    void sending.run(async () => {
      const probe = await api.send<Probe>('POST', `/services/${service.id}/check`);
      setSaid({
        isGood: probe.ok,
        text: probe.ok
          ? t('tested', { name, duration: formats.duration(probe.response_time_ms ?? 0) })
          : t('testFailed', { name, error: probe.last_error === null ? '–' : serverText.of(probe.last_error) }),
      });
      const { health_status, last_health_check } = probe;
      onChanged((loaded) => ({
        ...loaded,
        service: { ...loaded.service, health_status, last_health_check } as Service,
      }));
    });
  const turn = async (is_active: boolean): Promise<void> => {
    const changed = await changeService(api, service.id, { is_active }, null);
    onChanged(() => changed);
    say(t(is_active ? 'switchedOn' : 'switchedOff', { name }), () => turn(!is_active));
  };
  const remove = (): void => {
    setAsksDelete(false);
    void sending.run(async () => {
      await api.send('DELETE', `/services/${service.id}`);
      say(t('deleted', { name }));
      go(hrefOf('/services'));
    });
  };
  return (
    <div class="object-head">
      <p>
        <a href={hrefOf('/services')}>← {t('back')}</a>
      </p>
      <div class="panel-head">
        <h2>
          <Foreign text={service.display_name} /> <Status status={service.is_active ? service.health_status : 'off'} />
        </h2>
        {isAdmin && (
          <span class="actions">
            <button type="button" class="button small" aria-disabled={sending.isSending} onClick={test}>
              {t('test')}
            </button>
            <button
              type="button"
              class="button small"
              aria-disabled={sending.isSending}
              onClick={() => void sending.run(() => turn(!service.is_active))}
            >
              {service.is_active ? t('switchOff') : t('switchOn')}
            </button>
            <button type="button" class="button small" onClick={() => setAsksDelete(true)}>
              {t('delete')}
            </button>
          </span>
        )}
      </div>
      {said !== null && (
        <p class={`notice ${said.isGood ? 'good-notice' : ''}`} role="status">
          <Foreign text={said.text} />
        </p>
      )}
      <FormFault error={sending.error} />
      {asksDelete && (
        <Confirm
          title={t('deleteTitle', { name })}
          text={t('deleteText')}
          verb={t('delete')}
          onConfirm={remove}
          onCancel={() => setAsksDelete(false)}
        />
      )}
    </div>
  );
}

function Health({ service }: { service: Service }) {
  const t = useMessages(servicesMessages);
  const formats = useFormats();
  const numbers = useServiceNumbers();
  const recent = useQuery(
    `recent:${service.id}`,
    (api, signal) => api.get<LogPage>('/logs', { service_name: service.service_name, limit: 20 }, signal),
    { refreshMs: 10_000 },
  );
  return (
    <div class="stack">
      <section class="panel" aria-label={t('health')}>
        <dl class="facts">
          <dt>{t('health')}</dt>
          <dd>
            <Status status={service.health_status} />
          </dd>
          <dt>{t('lastDay')}</dt>
          <dd>
            <ServiceNumbers name={service.service_name} numbers={numbers} />
          </dd>
          <dt>{t('lastCheck')}</dt>
          <dd>
            <Time iso={service.last_health_check} withDate />
          </dd>
          <dt>{t('baseUrl')}</dt>
          <dd>
            <ForeignUrl url={service.base_url} />
          </dd>
          <dt>{t('priority')}</dt>
          <dd>{formats.number(service.priority)}</dd>
          <dt>{t('description')}</dt>
          <dd>
            <Foreign text={service.description} />
          </dd>
        </dl>
      </section>
      <section class="panel" aria-label={t('recent')}>
        <div class="panel-head">
          <h2>{t('recent')}</h2>
          <a href={hrefOf('/calls', { service_name: service.service_name })}>{t('allCalls')}</a>
        </div>
        <QueryView query={recent}>
          {({ logs }) => (
            <DataTable<CallLog>
              isTwoLines
              caption={t('recent')}
              rows={logs}
              keyOf={(log) => log.id}
              hrefOf={(log) => hrefOf(`/calls/${encodeURIComponent(log.request_id ?? `log:${log.id}`)}`)}
              empty={t('noCalls')}
              columns={[
                { name: t('when'), cell: (log) => <Time iso={log.started_at} /> },
                { name: t('what'), cell: (log) => log.operation },
                { name: t('outcome'), cell: (log) => <Status status={log.status} /> },
                {
                  name: t('took'),
                  isNumber: true,
                  cell: (log) => (log.duration_ms === null ? '–' : formats.duration(log.duration_ms)),
                },
              ]}
            />
          )}
        </QueryView>
      </section>
    </div>
  );
}

function ServiceLimits({ id }: { id: string }) {
  const t = useMessages(servicesMessages);
  const query = useQuery(
    `limits:${id}`,
    (api, signal) => api.get<{ windows: readonly LimitWindow[] }>(`/services/${id}/rate-limits`, {}, signal),
    { refreshMs: 5_000 },
  );
  return (
    <section class="panel" aria-label={t('windows')}>
      <h2>{t('windows')}</h2>
      <QueryView query={query}>
        {({ windows }) => (
          <WindowTable
            caption={t('windows')}
            rows={windows.map((window) => ({ name: null, window }))}
            empty={t('noLimits')}
          />
        )}
      </QueryView>
    </section>
  );
}
