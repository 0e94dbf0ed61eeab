import { useState } from 'preact/hooks';
import type { Service, ServiceList } from '../../api/types.ts';
import type { Reload } from '../../api/use-query.ts';
import { hrefOf } from '../../app/location.tsx';
import { useApi, useIsAdmin } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/forms/form.tsx';
import { ServiceNumbers, type useServiceNumbers } from '../../parts/service-numbers.tsx';
import { Status } from '../../parts/status.tsx';
import { Ago } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { servicesMessages } from './messages.ts';

/** The services of one type as a chain: reordered by dragging their numbers or by arrows, and applied together. */
export function ServiceChain({
  type,
  services,
  numbers,
  onChanged,
}: {
  type: string;
  services: readonly Service[];
  numbers: ReturnType<typeof useServiceNumbers>;
  onChanged: Reload<ServiceList>;
}) {
  const t = useMessages(servicesMessages);
  const nameOfType = (name: string): string =>
    `type_${name}` in servicesMessages ? t(`type_${name}` as 'type_api') : name;
  const api = useApi();
  const isAdmin = useIsAdmin();
  const say = useToast();
  const sending = useSending();
  const sorted = [...services].sort((a, b) => a.priority - b.priority || a.service_name.localeCompare(b.service_name));
  const [order, setOrder] = useState<readonly string[] | null>(null);
  const [dragged, setDragged] = useState<string | null>(null);
  const shown = order === null ? sorted : order.flatMap((id) => sorted.filter((service) => service.id === id));
  const move = (id: string, to: number): void => {
    const ids = shown.map((service) => service.id).filter((one) => one !== id);
    ids.splice(Math.max(0, Math.min(ids.length, to)), 0, id);
    setOrder(ids.join() === sorted.map((service) => service.id).join() ? null : ids);
  };
  const apply = (): void =>
    void sending.run(async () => {
      // The existing priorities are reassigned, made strictly increasing, so that few services change.
      let last = Number.NEGATIVE_INFINITY;
      const applied = new Map<string, number>();
      try {
        for (const [index, service] of shown.entries()) {
          const place = Math.max(sorted[index]?.priority ?? 0, last + 1);
          last = place;
          if (place !== service.priority) await api.send('PATCH', `/services/${service.id}`, { priority: place });
          applied.set(service.id, place);
        }
        setOrder(null);
        say(t('orderApplied'));
      } finally {
        onChanged((list) => ({
          ...list,
          services: list.services.map((one) => ({ ...one, priority: applied.get(one.id) ?? one.priority })),
        }));
      }
    });
  return (
    <section class="panel" aria-label={t('chainOf', { type: nameOfType(type) })}>
      <div class="panel-head">
        <h2>{t('chainOf', { type: nameOfType(type) })}</h2>
        {order !== null && (
          <span class="actions">
            <button type="button" class="button small" onClick={() => setOrder(null)}>
              {t('resetOrder')}
            </button>
            <button type="button" class="button small primary" aria-disabled={sending.isSending} onClick={apply}>
              {t('applyOrder')}
            </button>
          </span>
        )}
      </div>
      <FormFault error={sending.error} />
      <ol class="service-chain">
        {shown.map((service, index) => (
          <li
            key={service.id}
            class={dragged === service.id ? 'dragged' : ''}
            onDragOver={(event) => {
              event.preventDefault();
              if (dragged !== null && dragged !== service.id) move(dragged, index);
            }}
            onKeyDown={(event) => {
              const step =
                event.altKey && event.code === 'ArrowUp' ? -1 : event.altKey && event.code === 'ArrowDown' ? 1 : 0;
              if (step === 0 || !isAdmin) return;
              event.preventDefault();
              move(service.id, index + step);
            }}
          >
            <span
              class="place"
              aria-hidden="true"
              draggable={isAdmin && shown.length > 1}
              onDragStart={(event) => {
                const row = event.currentTarget.parentElement;
                if (row !== null) event.dataTransfer?.setDragImage(row, 0, 0);
                setDragged(service.id);
              }}
              onDragEnd={() => setDragged(null)}
            >
              {index + 1}
            </span>
            <ServiceRow service={service} numbers={numbers} />
            {isAdmin && shown.length > 1 && (
              <Arrows
                name={service.service_name}
                isFirst={index === 0}
                isLast={index === shown.length - 1}
                onMove={(step) => move(service.id, index + step)}
              />
            )}
          </li>
        ))}
      </ol>
      {isAdmin && shown.length > 1 && <p class="hint">{t('orderHint')}</p>}
    </section>
  );
}

interface ArrowsProps {
  readonly name: string;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  onMove(step: number): void;
}

function Arrows({ name, isFirst, isLast, onMove }: ArrowsProps) {
  const t = useMessages(servicesMessages);
  return (
    <span class="arrows">
      <button
        type="button"
        class="button small plain"
        aria-disabled={isFirst}
        aria-label={t('moveUp', { name })}
        onClick={() => onMove(-1)}
      >
        ↑
      </button>
      <button
        type="button"
        class="button small plain"
        aria-disabled={isLast}
        aria-label={t('moveDown', { name })}
        onClick={() => onMove(1)}
      >
        ↓
      </button>
    </span>
  );
}

interface ServiceRowProps {
  readonly service: Service;
  readonly numbers: ReturnType<typeof useServiceNumbers>;
}

function ServiceRow({ service, numbers }: ServiceRowProps) {
  const t = useMessages(servicesMessages);
  const formats = useFormats();
  const limits = [
    [service.rate_limit_per_minute, t('perMinute')],
    [service.rate_limit_per_hour, t('perHour')],
    [service.rate_limit_per_day, t('perDay')],
    [service.rate_limit_per_month, t('perMonth')],
  ] as const;
  const said = limits
    .filter(([limit]) => limit !== null && limit > 0)
    .map(([limit, per]) => `${formats.number(limit ?? 0)} ${per}`);
  return (
    <span class="service-row">
      <span class="service-name">
        <a href={hrefOf(`/services/${service.id}`)}>
          <Foreign text={service.service_name} />
        </a>
        {service.display_name !== service.service_name && (
          <span class="muted">
            <Foreign text={service.display_name} />
          </span>
        )}
        {service.config.emulated === true && <span class="muted">{t('emulated')}</span>}
      </span>
      <Status status={service.is_active ? service.health_status : 'off'} />
      <ServiceNumbers name={service.service_name} numbers={numbers} />
      <span class="muted">
        <span>
          {t('limits')}: {said.length === 0 ? t('none') : said.join(', ')}
        </span>
        <br />
        {t('lastCheck')}:{' '}
        {service.last_health_check === null ? t('neverChecked') : <Ago iso={service.last_health_check} />}
      </span>
    </span>
  );
}
