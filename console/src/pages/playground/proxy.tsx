import { useState } from 'preact/hooks';
import { parseBody } from '../../api/client.ts';
import { useQuery } from '../../api/use-query.ts';
import { everyService } from '../../api/whole-lists.ts';
import { hrefOf, usePlace } from '../../app/location.tsx';
import { useApi, useIsAdmin, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { quote } from '../../parts/forms/curl.ts';
import { FormFault, SelectField, TextField, useSending } from '../../parts/forms/form.tsx';
import { BodyView } from '../../parts/json-view.tsx';
import { Status } from '../../parts/status.tsx';
import { CallCost } from './call-cost.tsx';
import { History, useHistory } from './history.tsx';
import { playgroundMessages } from './messages.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Of the whole body, in characters. */
  readonly length: number;
  readonly tookMs: number;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const mostShown = 200_000;

export function ProxyCall() {
  const t = useMessages(playgroundMessages);
  const api = useApi();
  const formats = useFormats();
  const isAdmin = useIsAdmin();
  const { tenant = '' } = useSession();
  const { query } = usePlace();
  const services = useQuery(isAdmin ? 'services' : null, (asked, signal) =>
    everyService(asked, signal, { service_type: 'api' }),
  );
  const names = services.data?.services.map(({ service_name }) => service_name) ?? [];
  const [service, setService] = useState(query.get('service') ?? '');
  const [method, setMethod] = useState(query.get('method') ?? 'GET');
  const [typedPath, setPath] = useState(query.get('path'));
  const [body, setBody] = useState('');
  const [answer, setAnswer] = useState<Answer | null>(null);
  const sending = useSending();
  const history = useHistory('proxy');
  const name = service === '' ? (names[0] ?? '') : service;
  const baseUrl = services.data?.services.find(({ service_name }) => service_name === name)?.base_url ?? '';
  const path = typedPath ?? pathBelow(baseUrl, query.get('endpoint') ?? '');
  const place = `/proxy/${encodeURIComponent(name)}/${path.replace(/^\/+/, '')}`;
  const hasBody = method !== 'GET' && body !== '';
  const send = (event: Event): void => {
    event.preventDefault();
    void sending.run(async () => {
      setAnswer(null);
      const startedMs = performance.now();
      const reply = await api.fetch(method, place, {
        ...(hasBody ? { body, headers: { 'content-type': 'application/json' } } : {}),
        hasDeadline: false,
      });
      const text = await reply.text();
      // Every answer of the API names its provider and is shown; our own refusals are errors of the form.
      if (!reply.ok && !reply.headers.has('x-provider')) throw api.problem(reply, parseBody(text));
      setAnswer({
        status: reply.status,
        headers: Object.fromEntries(reply.headers),
        text: text.slice(0, mostShown),
        length: text.length,
        tookMs: Math.round(performance.now() - startedMs),
      });
      history.note({
        label: `${method} ${name}/${path}`,
        href: hrefOf('/playground/proxy', { service: name, method, path }),
      });
    });
  };
  const curl = [
    `curl -s ${method === 'GET' ? '' : `-X ${method} `}${quote(`${window.location.origin}/api/v1${place}`)}`,
    `-H "Authorization: Bearer $TOKEN"`,
    `-H ${quote(`X-Management-Company-Id: ${tenant}`)}`,
    ...(hasBody ? [`-H 'Content-Type: application/json'`, `-d ${quote(body)}`] : []),
  ].join(' \\\n  ');
  return (
    <div class="stack">
      <form class="panel form" onSubmit={send}>
        <FormFault error={sending.error} />
        {services.data !== null && names.length === 0 && <p class="notice">{t('noServices')}</p>}
        <div class="form-grid">
          {names.length > 0 ? (
            <SelectField
              label={t('service')}
              value={name}
              onInput={setService}
              options={[...new Set([...names, name])].map((value) => ({ value, name: value }))}
            />
          ) : (
            <TextField label={t('service')} value={service} onInput={setService} isRequired />
          )}
          <SelectField
            label={t('method')}
            value={method}
            onInput={setMethod}
            options={methods.map((value) => ({ value, name: value }))}
          />
          <TextField label={t('path')} hint={t('pathHint')} value={path} onInput={setPath} />
        </div>
        {method !== 'GET' && <TextField label={t('bodyField')} lines={4} value={body} onInput={setBody} />}
        <div class="actions">
          <button type="submit" class="button primary" aria-disabled={sending.isSending || name === ''}>
            {t('send')}
          </button>
        </div>
      </form>
      {answer !== null && (
        <section class="panel stack" aria-label={t('answer')}>
          <p class="lead">
            <Status status={answer.status < 400 ? 'ok' : 'error'} /> {answer.status}{' '}
            <span class="muted">
              {formats.duration(answer.tookMs)} · {t('costs')}{' '}
              <CallCost requestId={answer.headers['x-request-id'] ?? null} />
            </span>
          </p>
          {answer.length > mostShown && <p class="notice">{t('cut', { shown: mostShown, count: answer.length })}</p>}
          <BodyView key={answer.text} value={answer.text} label={t('answer')} />
          <h3>{t('answerHeaders')}</h3>
          <BodyView value={answer.headers} label={t('answerHeaders')} />
        </section>
      )}
      <Code label={t('curl')} text={curl} />
      <History history={history} />
    </div>
  );
}

/** The path and query of a recorded call, without its masked values: the service adds its own credential again. */
function pathBelow(baseUrl: string, endpoint: string): string {
  const base = baseUrl.replace(/\/+$/, '');
  const below = endpoint.slice(base.length);
  const isBelow = base !== '' && endpoint.startsWith(base) && /^([/?]|$)/.test(below);
  const rest = isBelow ? below : endpoint.replace(/^\w+:\/\/[^/?]*/, '');
  const [path = '', search = ''] = rest.replace(/^\/+/, '').split(/\?(.*)/s);
  const parameters = search.split('&').filter((one) => one !== '' && !/=.*(\*\*\*|\[masked\])/.test(one));
  return parameters.length === 0 ? path : `${path}?${parameters.join('&')}`;
}
