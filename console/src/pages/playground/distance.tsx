import { useState } from 'preact/hooks';
import { hrefOf, usePlace } from '../../app/location.tsx';
import { useApi, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { curlOf } from '../../parts/forms/curl.ts';
import { FormFault, SelectField, TextField, useSending } from '../../parts/forms/form.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { CallCost } from './call-cost.tsx';
import { History, useHistory } from './history.tsx';
import { PlaceMap } from './map.tsx';
import { playgroundMessages } from './messages.ts';

interface End {
  readonly latitude?: number;
  readonly longitude?: number;
}

interface Answer {
  readonly distance_meters: number;
  readonly duration_seconds?: number | null;
  readonly provider: string;
  readonly origin: End;
  readonly destination: End;
}

const modes = ['straight_line', 'driving', 'walking'] as const;

/** `41.3, 69.2` is a place; anything else is an address. */
function endOf(text: string): Record<string, unknown> {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  return match === null ? { address: text.trim() } : { latitude: Number(match[1]), longitude: Number(match[2]) };
}

export function Distance() {
  const t = useMessages(playgroundMessages);
  const api = useApi();
  const formats = useFormats();
  const { tenant = '' } = useSession();
  const { query } = usePlace();
  const [from, setFrom] = useState(query.get('from') ?? '');
  const [to, setTo] = useState(query.get('to') ?? '');
  const [mode, setMode] = useState(query.get('mode') ?? 'straight_line');
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [requestId, setRequestId] = useState<string | null>(null);
  const sending = useSending();
  const history = useHistory('distance');
  const body = { origin: endOf(from), destination: endOf(to), mode };
  const submit = (event: Event): void => {
    event.preventDefault();
    void sending.run(async () => {
      setAnswer(null);
      const reply = await api.ask<Answer>('POST', '/geocoding/distance', { body });
      setAnswer(reply.body);
      setRequestId(reply.headers.get('x-request-id'));
      history.note({ label: `${from} → ${to} (${mode})`, href: hrefOf('/playground/distance', { from, to, mode }) });
    });
  };
  const pins =
    answer === null
      ? []
      : [pinOf('1', from, answer.origin), pinOf('2', to, answer.destination)].filter((pin) => pin !== null);
  return (
    <div class="playground">
      <div class="stack">
        <form class="panel form" onSubmit={submit}>
          <FormFault error={sending.error} fields={['origin', 'destination']} />
          <TextField
            label={t('origin')}
            hint={t('endHint')}
            value={from}
            onInput={setFrom}
            isRequired
            fault={sending.faultOf('origin')}
          />
          <TextField
            label={t('destination')}
            hint={t('endHint')}
            value={to}
            onInput={setTo}
            isRequired
            fault={sending.faultOf('destination')}
          />
          <SelectField
            label={t('mode')}
            value={mode}
            onInput={setMode}
            options={modes.map((value) => ({ value, name: t(value) }))}
          />
          <div class="actions">
            <button type="submit" class="button primary" aria-disabled={sending.isSending}>
              {sending.isSending ? t('asking') : t('ask')}
            </button>
          </div>
        </form>
        <Code label={t('curl')} text={curlOf('POST', '/geocoding/distance', tenant, body)} />
        <History history={history} />
      </div>
      <div class="stack">
        <PlaceMap pins={pins} isLine />
        {answer !== null && (
          <section class="panel" aria-label={t('answer')}>
            <p class="lead">
              {t('meters', { count: Math.round(answer.distance_meters) })}
              {answer.duration_seconds != null && ` · ${formats.span(answer.duration_seconds)}`}{' '}
              <span class="muted">
                {answer.provider} · {t('costs')} <CallCost requestId={requestId} />
              </span>
            </p>
            <BodyView value={answer} label={t('answer')} />
          </section>
        )}
      </div>
    </div>
  );
}

function pinOf(key: string, label: string, { latitude, longitude }: End) {
  return latitude === undefined || longitude === undefined ? null : { key, label, latitude, longitude };
}
