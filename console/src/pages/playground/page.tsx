import { hrefOf, usePlace } from '../../app/location.tsx';
import { appMessages } from '../../app/messages.ts';
import { useMessages } from '../../i18n/messages.ts';
import { PageHeader } from '../../parts/page-header.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Distance } from './distance.tsx';
import { playgroundMessages } from './messages.ts';
import { Places } from './places.tsx';
import { ProxyCall } from './proxy.tsx';
import { Sheet } from './sheet.tsx';

const tabs = ['geocode', 'reverse', 'distance', 'sheet', 'proxy'] as const;

export function Page() {
  const t = useMessages(playgroundMessages);
  const app = useMessages(appMessages);
  const { path, query } = usePlace();
  const asked = path.split('/')[2] ?? '';
  const tab = tabs.find((name) => name === asked) ?? 'geocode';
  // A link of the history fills the form again, so each question has its own form.
  const key = query.toString();
  return (
    <>
      <PageHeader title={app('playground')} />
      <Tabs
        label={t('views')}
        current={tab}
        tabs={tabs.map((name) => ({
          key: name,
          name: t(name),
          href: hrefOf(name === 'geocode' ? '/playground' : `/playground/${name}`),
        }))}
      />
      {tab === 'geocode' && <Places key="geocode" kind="geocode" />}
      {tab === 'reverse' && <Places key="reverse" kind="reverse" />}
      {tab === 'distance' && <Distance key={key} />}
      {tab === 'sheet' && <Sheet key={key} />}
      {tab === 'proxy' && <ProxyCall key={key} />}
    </>
  );
}
