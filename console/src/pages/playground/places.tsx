/** Geocode and reverse: the chain, or providers side by side, on a map and in a list. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../../api/client.ts';
import type { Limits, Place } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { go, hrefOf, usePlace } from '../../app/location.tsx';
import { useApi, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { useFaultText } from '../../parts/fault.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { curlOf } from '../../parts/forms/curl.ts';
import { CheckField, TextField } from '../../parts/forms/form.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { DataTable } from '../../parts/lists/data-table.tsx';
import { Status } from '../../parts/status.tsx';
import { CallCost } from './call-cost.tsx';
import { History, useHistory } from './history.tsx';
import { PlaceMap } from './map.tsx';
import { playgroundMessages } from './messages.ts';

interface Asked {
  readonly provider: string;
  readonly place: Place | null;
  readonly error: ApiError | null;
  readonly tookMs: number;
  readonly cache: string | null;
  readonly requestId: string | null;
}

const geocoders = ['google_maps', 'yandex_maps', 'two_gis', 'nominatim', 'offline_gazetteer'];

type Kind = 'geocode' | 'reverse';

/** Asks one provider, or the chain (`auto`); never throws. */
async function askProvider(
  api: ReturnType<typeof useApi>,
  kind: Kind,
  question: Record<string, unknown>,
  provider: string,
): Promise<Asked> {
  const startedMs = performance.now();
  const took = (): number => Math.round(performance.now() - startedMs);
  try {
    const reply = await api.ask<Place>('POST', `/geocoding/${kind}`, {
      body: provider === 'auto' ? question : { ...question, provider },
    });
    return {
      provider,
      place: reply.body,
      error: null,
      tookMs: took(),
      cache: reply.headers.get('x-cache'),
      requestId: reply.headers.get('x-request-id'),
    };
  } catch (thrown) {
    const error = thrown instanceof ApiError ? thrown : new ApiError(0, {});
    return { provider, place: null, error, tookMs: took(), cache: null, requestId: error.requestId };
  }
}

export function Places({ kind }: { kind: Kind }) {
  const t = useMessages(playgroundMessages);
  const api = useApi();
  const { tenant = '' } = useSession();
  const { query } = usePlace();
  const [address, setAddress] = useState(query.get('address') ?? '');
  const [latitude, setLatitude] = useState(query.get('latitude') ?? '');
  const [longitude, setLongitude] = useState(query.get('longitude') ?? '');
  const [chosen, setChosen] = useState<readonly string[]>((query.get('providers') ?? 'auto').split(','));
  const [answers, setAnswers] = useState<readonly Asked[] | null>(null);
  const [isAsking, setAsking] = useState(false);
  const history = useHistory(kind);
  const limits = useQuery('limits', (asked, signal) => asked.get<Limits>('/rate-limits', {}, signal));
  const known = (limits.data?.services ?? [])
    .map(({ service_name }) => service_name)
    .filter((name) => geocoders.some((one) => name.includes(one) || one.includes(name)));
  const question =
    kind === 'geocode'
      ? { address: address.trim() }
      : { latitude: Number(latitude.replace(',', '.')), longitude: Number(longitude.replace(',', '.')) };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setAsking(true);
    const asked = chosen.length === 0 ? ['auto'] : chosen;
    const href = hrefOf(kind === 'geocode' ? '/playground' : '/playground/reverse', {
      ...(kind === 'geocode' ? { address } : { latitude, longitude }),
      providers: asked.join() === 'auto' ? null : asked.join(),
    });
    go(href, 'replace');
    setAnswers(await Promise.all(asked.map((provider) => askProvider(api, kind, question, provider))));
    history.note({ label: kind === 'geocode' ? address : `${latitude}, ${longitude}`, href });
    setAsking(false);
  };
  // A link of the history fills the form again.
  const search = query.toString();
  useEffect(() => {
    const asked = new URLSearchParams(search);
    const fill = (name: string, set: (value: string) => void): void => {
      const value = asked.get(name);
      if (value !== null) set(value);
    };
    fill('address', setAddress);
    fill('latitude', setLatitude);
    fill('longitude', setLongitude);
    fill('providers', (value) => setChosen(value.split(',')));
  }, [search]);
  const pins = (answers ?? []).flatMap(({ provider, place }) =>
    place === null
      ? []
      : [
          {
            key: provider,
            label: `${place.provider}: ${place.formatted_address}`,
            latitude: place.latitude,
            longitude: place.longitude,
          },
        ],
  );
  return (
    <div class="stack">
      <div class="playground">
        <div class="stack">
          <form class="panel form" onSubmit={submit}>
            {kind === 'geocode' ? (
              <TextField label={t('address')} hint={t('addressHint')} value={address} onInput={setAddress} isRequired />
            ) : (
              <div class="form-grid">
                <TextField
                  label={t('latitude')}
                  value={latitude}
                  onInput={setLatitude}
                  isRequired
                  placeholder="41.311"
                />
                <TextField
                  label={t('longitude')}
                  value={longitude}
                  onInput={setLongitude}
                  isRequired
                  placeholder="69.279"
                />
              </div>
            )}
            <fieldset>
              <legend>{t('providers')}</legend>
              <div class="checks">
                {['auto', ...known].map((name) => (
                  <CheckField
                    key={name}
                    label={name === 'auto' ? t('auto') : name}
                    checked={chosen.includes(name)}
                    onInput={(isChosen) =>
                      setChosen(isChosen ? [...chosen, name] : chosen.filter((one) => one !== name))
                    }
                  />
                ))}
              </div>
            </fieldset>
            <div class="actions">
              <button type="submit" class="button primary" aria-disabled={isAsking}>
                {isAsking ? t('asking') : t('ask')}
              </button>
            </div>
          </form>
        </div>
        <div class="stack">
          <PlaceMap
            pins={pins}
            {...(kind === 'reverse'
              ? {
                  onPick: (lat: number, lng: number) => {
                    setLatitude(lat.toFixed(6));
                    setLongitude(lng.toFixed(6));
                  },
                }
              : {})}
          />
        </div>
      </div>
      {answers !== null && <Answers answers={answers} />}
      <Code
        label={t('curl')}
        text={curlOf(
          'POST',
          `/geocoding/${kind}`,
          tenant,
          chosen.length === 1 && chosen[0] !== 'auto' ? { ...question, provider: chosen[0] } : question,
        )}
      />
      <History history={history} />
    </div>
  );
}

function Answers({ answers }: { answers: readonly Asked[] }) {
  const t = useMessages(playgroundMessages);
  const formats = useFormats();
  const textOf = useFaultText({ retries: false });
  const first = answers.find(({ place }) => place !== null)?.place ?? null;
  const cacheWord = (outcome: string | null): string =>
    outcome === null ? '–' : `cache_${outcome}` in playgroundMessages ? t(`cache_${outcome}` as 'cache_HIT') : outcome;
  return (
    <section class="panel" aria-label={t('answers')}>
      <h2>{t('answers')}</h2>
      <DataTable<Asked>
        caption={t('answers')}
        rows={answers}
        keyOf={({ provider }) => provider}
        empty=""
        columns={[
          { name: t('provider'), cell: ({ provider, place }) => <Foreign text={place?.provider ?? provider} /> },
          {
            name: t('found'),
            cell: ({ place, error }) =>
              place === null ? (
                <span>
                  <Status status="error" /> <Foreign text={error === null ? t('nothing') : textOf(error)} />
                </span>
              ) : (
                <span>
                  <Foreign text={place.formatted_address} />{' '}
                  {place.partial_match === true && <span class="muted">({t('partial')})</span>}
                </span>
              ),
          },
          {
            name: t('confidence'),
            isNumber: true,
            cell: ({ place }) => (place === null ? '–' : formats.number(place.confidence)),
          },
          {
            name: t('apart'),
            isNumber: true,
            cell: ({ place }) =>
              place === null || first === null || place === first
                ? '–'
                : t('meters', { count: Math.round(metersBetween(first, place)) }),
          },
          { name: t('took'), isNumber: true, cell: ({ tookMs }) => formats.duration(tookMs) },
          { name: t('cost'), isNumber: true, cell: ({ requestId }) => <CallCost requestId={requestId} /> },
          { name: t('from'), isExtra: true, cell: ({ cache }) => cacheWord(cache) },
          {
            name: t('call'),
            cell: ({ requestId }) =>
              requestId === null ? (
                '–'
              ) : (
                <a href={hrefOf(`/calls/${encodeURIComponent(requestId)}`)}>{t('openCall')}</a>
              ),
          },
        ]}
      />
      {answers.length === 1 && answers[0]?.place != null && <BodyView value={answers[0].place} label={t('answer')} />}
    </section>
  );
}

/** On a sphere, accurate to half a percent: enough for the distance of two pins. */
export function metersBetween(
  a: Pick<Place, 'latitude' | 'longitude'>,
  b: Pick<Place, 'latitude' | 'longitude'>,
): number {
  const rad = Math.PI / 180;
  const sinLat = Math.sin(((b.latitude - a.latitude) * rad) / 2);
  const sinLng = Math.sin(((b.longitude - a.longitude) * rad) / 2);
  const h = sinLat ** 2 + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * sinLng ** 2;
  return 2 * 6_371_009 * Math.asin(Math.min(1, Math.sqrt(h)));
}
