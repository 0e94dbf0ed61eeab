import type { Service } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { everyService } from '../../api/whole-lists.ts';
import { go, hrefOf, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { useServiceNumbers } from '../../parts/service-numbers.tsx';
import { useToast } from '../../parts/toast.tsx';
import { servicesMessages } from './messages.ts';
import { OneService } from './one-service.tsx';
import { ServiceForm } from './service-form.tsx';
import { ServiceChain } from './service-list.tsx';

export function Page() {
  const t = useMessages(servicesMessages);
  const app = useMessages(appMessages);
  const isAdmin = useIsAdmin();
  const { path } = usePlace();
  const [, , id = '', tab = 'health'] = path.split('/');
  return (
    <>
      <PageHeader title={app('services')}>
        {isAdmin && id === '' && (
          <a class="button primary" href={hrefOf('/services/new')}>
            {t('newService')}
          </a>
        )}
      </PageHeader>
      {id === '' ? <All /> : id === 'new' ? <NewService /> : <OneService key={id} id={id} tab={tab} />}
    </>
  );
}

function All() {
  const t = useMessages(servicesMessages);
  const numbers = useServiceNumbers();
  const query = useQuery('services', everyService, { refreshMs: 15_000 });
  return (
    <QueryView query={query}>
      {({ services }) =>
        services.length === 0 ? (
          <p class="empty">{t('empty')}</p>
        ) : (
          <div class="stack">
            {[...Map.groupBy(services, (service: Service) => service.service_type)].map(([type, members]) => (
              <ServiceChain key={type} type={type} services={members} numbers={numbers} onChanged={query.reload} />
            ))}
          </div>
        )
      }
    </QueryView>
  );
}

function NewService() {
  const t = useMessages(servicesMessages);
  const api = useApi();
  const say = useToast();
  const others = useQuery('services', everyService);
  const send = async (body: Record<string, unknown>): Promise<void> => {
    const made = await api.send<Service>('POST', '/services', body);
    say(t('created', { name: made.service_name }));
    go(hrefOf(`/services/${made.id}`));
  };
  return (
    <>
      <div class="sub-head">
        <p>
          <a href={hrefOf('/services')}>← {t('back')}</a>
        </p>
        <h2>{t('newService')}</h2>
      </div>
      <ServiceForm service={null} others={others.data?.services ?? []} onSend={send} />
    </>
  );
}
