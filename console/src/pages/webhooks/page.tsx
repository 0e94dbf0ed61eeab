import { useState } from 'preact/hooks';
import type { Webhook } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { everyWebhook } from '../../api/whole-lists.ts';
import { go, hrefOf, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status } from '../../parts/status.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Ago } from '../../parts/time.tsx';
import { Deliveries } from './deliveries.tsx';
import { webhooksMessages } from './messages.ts';
import { OneWebhook } from './one-webhook.tsx';
import { ShownOnce } from './shown-once.tsx';
import { isTargetPaused } from './targets.tsx';
import { WebhookForm } from './webhook-form.tsx';

export function Page() {
  const t = useMessages(webhooksMessages);
  const app = useMessages(appMessages);
  const isAdmin = useIsAdmin();
  const { path } = usePlace();
  const [, , first = '', second = '', third = ''] = path.split('/');
  const isList = first === '' || first === 'deliveries';
  return (
    <>
      <PageHeader title={app('webhooks')}>
        {isAdmin && first !== 'new' && (
          <a class="button primary" href={hrefOf('/webhooks/new')}>
            {t('newWebhook')}
          </a>
        )}
      </PageHeader>
      {isList && (
        <Tabs
          label={t('views')}
          current={first === '' ? 'senders' : 'deliveries'}
          tabs={[
            { key: 'senders', name: t('senders'), href: hrefOf('/webhooks') },
            { key: 'deliveries', name: t('deliveries'), href: hrefOf('/webhooks/deliveries') },
          ]}
        />
      )}
      {first === '' && <Senders />}
      {first === 'deliveries' && <Deliveries openId={second === '' ? null : second} />}
      {first === 'new' && <NewWebhook />}
      {!isList && first !== 'new' && (
        <OneWebhook
          key={first}
          id={first}
          tab={second === '' ? 'address' : second}
          openId={third === '' ? null : third}
        />
      )}
    </>
  );
}

function Senders() {
  const t = useMessages(webhooksMessages);
  const formats = useFormats();
  const query = useQuery('webhooks', everyWebhook, { refreshMs: 10_000 });
  return (
    <section class="panel" aria-label={t('list')}>
      <QueryView query={query}>
        {({ webhooks }) => (
          <DataTable<Webhook>
            caption={t('list')}
            rows={webhooks}
            keyOf={(webhook) => webhook.id}
            hrefOf={(webhook) => hrefOf(`/webhooks/${webhook.id}`)}
            empty={t('empty')}
            columns={[
              { name: t('name'), cell: (webhook) => <Foreign text={webhook.webhook_name} /> },
              { name: t('source'), cell: (webhook) => <Foreign text={webhook.source_service} /> },
              {
                name: t('state'),
                cell: (webhook) => (
                  <Status status={isTargetPaused(webhook) ? 'paused' : webhook.is_active ? 'active' : 'off'} />
                ),
              },
              { name: t('received'), isNumber: true, cell: (webhook) => formats.number(webhook.total_received) },
              { name: t('failed'), isNumber: true, cell: (webhook) => formats.number(webhook.total_failed) },
              {
                name: t('last'),
                cell: (webhook) =>
                  webhook.last_received_at === null ? t('never') : <Ago iso={webhook.last_received_at} />,
              },
            ]}
          />
        )}
      </QueryView>
    </section>
  );
}

function NewWebhook() {
  const t = useMessages(webhooksMessages);
  const api = useApi();
  const [made, setMade] = useState<Webhook | null>(null);
  return (
    <>
      <div class="sub-head">
        <p>
          <a href={hrefOf('/webhooks')}>← {t('back')}</a>
        </p>
        <h2>{t('newWebhook')}</h2>
      </div>
      {made === null ? (
        <WebhookForm
          webhook={null}
          onSend={async (body) => setMade(await api.send<Webhook>('POST', '/webhooks', body))}
        />
      ) : (
        <ShownOnce webhook={made} title={t('ready')} onDone={() => go(hrefOf(`/webhooks/${made.id}`))} />
      )}
    </>
  );
}
