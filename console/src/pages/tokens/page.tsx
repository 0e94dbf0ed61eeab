import { useState } from 'preact/hooks';
import type { Token } from '../../api/types.ts';
import { type Reload, useQuery } from '../../api/use-query.ts';
import { everyToken } from '../../api/whole-lists.ts';
import { appMessages } from '../../app/messages.ts';
import { useApi, useIsAdmin, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { Foreign } from '../../parts/foreign-text.tsx';
import { FormFault, useSending } from '../../parts/forms/form.tsx';
import { type Column, DataTable } from '../../parts/lists/data-table.tsx';
import { PageHeader } from '../../parts/page-header.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { Status, StatusIcon } from '../../parts/status.tsx';
import { Ago, Time, useMinute } from '../../parts/time.tsx';
import { useToast } from '../../parts/toast.tsx';
import { tokensMessages } from './messages.ts';
import { EditToken, NewToken, RotateToken } from './token-forms.tsx';

export function Page() {
  const t = useMessages(tokensMessages);
  const app = useMessages(appMessages);
  const isAdmin = useIsAdmin();
  const [isNew, setNew] = useState(false);
  const query = useQuery('tokens', everyToken);
  return (
    <>
      <PageHeader title={app('tokens')}>
        {isAdmin && (
          <button type="button" class="button primary" onClick={() => setNew(true)}>
            {t('newToken')}
          </button>
        )}
      </PageHeader>
      <div class="stack">
        <section class="panel" aria-label={t('list')}>
          <h2>{t('list')}</h2>
          <QueryView query={query}>{({ tokens }) => <TokenTable tokens={tokens} onChanged={query.reload} />}</QueryView>
        </section>
        {isAdmin && <Sessions />}
      </div>
      {isNew && <NewToken onMade={(made) => query.reload(withToken(made))} onClose={() => setNew(false)} />}
    </>
  );
}

interface TokenList {
  readonly tokens: readonly Token[];
}

/** In the place of the token as it was, or before all others. */
function withToken(changed: Token): (list: TokenList) => TokenList {
  return ({ tokens }) => ({
    tokens: tokens.some(({ id }) => id === changed.id)
      ? tokens.map((token) => (token.id === changed.id ? changed : token))
      : [changed, ...tokens],
  });
}

function TokenTable({ tokens, onChanged }: { tokens: readonly Token[]; onChanged: Reload<TokenList> }) {
  const t = useMessages(tokensMessages);
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const [revoking, setRevoking] = useState<Token | null>(null);
  const [editing, setEditing] = useState<Token | null>(null);
  const [rotating, setRotating] = useState<Token | null>(null);
  const revoke = (token: Token): void => {
    setRevoking(null);
    void sending.run(async () => {
      await api.send('DELETE', `/tokens/${token.id}`);
      onChanged(withToken({ ...token, revoked_at: new Date().toISOString() }));
      say(t('revoked', { name: token.name }));
    });
  };
  const columns = useTokenColumns(tokens, { edit: setEditing, rotate: setRotating, revoke: setRevoking });
  return (
    <>
      <FormFault error={sending.error} />
      <DataTable<Token> caption={t('list')} rows={tokens} keyOf={({ id }) => id} empty={t('empty')} columns={columns} />
      {revoking !== null && (
        <Confirm
          title={t('revokeTitle', { name: revoking.name })}
          text={t('revokeText')}
          verb={t('revoke')}
          onConfirm={() => revoke(revoking)}
          onCancel={() => setRevoking(null)}
        />
      )}
      {editing !== null && (
        <EditToken
          id={editing.id}
          name={editing.name}
          onSaved={(changed) => onChanged(withToken(changed))}
          onClose={() => setEditing(null)}
        />
      )}
      {rotating !== null && (
        <RotateToken
          token={rotating}
          onMade={({ token: _text, replaces, ...made }) =>
            onChanged((list) => withToken({ ...rotating, expires_at: replaces.expires_at })(withToken(made)(list)))
          }
          onClose={() => setRotating(null)}
        />
      )}
    </>
  );
}

interface TokenActions {
  edit(token: Token): void;
  rotate(token: Token): void;
  revoke(token: Token): void;
}

function useTokenColumns(tokens: readonly Token[], act: TokenActions): readonly Column<Token>[] {
  const t = useMessages(tokensMessages);
  const formats = useFormats();
  const { tenant } = useSession();
  const stateOf = (token: Token) =>
    token.revoked_at !== null
      ? t('isRevoked')
      : token.expires_at !== null && Date.parse(token.expires_at) < Date.now()
        ? t('isExpired')
        : null;
  return [
    {
      name: t('name'),
      cell: ({ name, created_by: maker }) => (
        <>
          <span class="long-name">
            <Foreign text={name} />
          </span>
          {maker !== null && (
            <span class="second-line">
              <Foreign text={t('madeBy', { name: maker })} />
            </span>
          )}
        </>
      ),
    },
    {
      name: t('state'),
      cell: (token) =>
        stateOf(token) === null ? <Status status="active" /> : <span class="status status-off">{stateOf(token)}</span>,
    },
    { name: t('scopes'), cell: ({ scopes }) => scopes.join(', ') },
    {
      name: t('boundTo'),
      cell: ({ services }) => (services === null ? t('allServices') : <Foreign text={services.join(', ')} />),
    },
    // Most are of this tenant alone, which the page is of anyway.
    ...(tokens.every(({ tenants }) => tenants.join() === tenant)
      ? []
      : [{ name: t('tenants'), isExtra: true, cell: ({ tenants }: Token) => tenants.join(', ') }]),
    {
      name: t('perMinute'),
      isNumber: true,
      cell: ({ rate_limit_per_minute: limit }) => (limit == null ? '–' : formats.number(limit)),
    },
    {
      name: t('lastUsed'),
      cell: ({ last_used_at }) => (last_used_at === null ? t('neverUsed') : <Ago iso={last_used_at} />),
    },
    {
      name: t('expires'),
      cell: (token) => <Ends token={token} />,
    },
    {
      name: t('act'),
      cell: (token) =>
        stateOf(token) !== null ? (
          ''
        ) : (
          <span class="actions">
            <button
              type="button"
              class="button small"
              aria-label={t('editNamed', { name: token.name })}
              onClick={() => act.edit(token)}
            >
              {t('edit')}
            </button>
            <button
              type="button"
              class="button small"
              aria-label={t('rotateNamed', { name: token.name })}
              onClick={() => act.rotate(token)}
            >
              {t('rotate')}
            </button>
            <button
              type="button"
              class="button small"
              aria-label={t('revokeNamed', { name: token.name })}
              onClick={() => act.revoke(token)}
            >
              {t('revoke')}
            </button>
          </span>
        ),
    },
  ];
}

const soonMs = 14 * 86_400_000;

/** As text, with a warning if it is near. */
function Ends({ token: { expires_at: at, revoked_at: revokedAt } }: { token: Token }) {
  const t = useMessages(tokensMessages);
  const formats = useFormats();
  useMinute();
  if (at === null) return <>{t('never')}</>;
  const leftMs = Date.parse(at) - Date.now();
  if (revokedAt !== null || leftMs < 0 || leftMs > soonMs) return <Ago iso={at} />;
  return (
    <span class="status status-warn" title={formats.dateTime(at)}>
      <StatusIcon tone="warn" />
      {t('endsSoon', { when: formats.relative(at) })}
    </span>
  );
}

interface OpenSession {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly is_own: boolean;
}

function Sessions() {
  const t = useMessages(tokensMessages);
  const api = useApi();
  const say = useToast();
  const sending = useSending();
  const query = useQuery('sessions', (asked, signal) =>
    asked.get<{ sessions: readonly OpenSession[] }>('/console/sessions', {}, signal),
  );
  const end = (id: string): void =>
    void sending.run(async () => {
      await api.send('DELETE', `/console/sessions/${id}`);
      query.reload(({ sessions }) => ({ sessions: sessions.filter((session) => session.id !== id) }));
      say(t('ended'));
    });
  return (
    <section class="panel" aria-label={t('sessions')}>
      <h2>{t('sessions')}</h2>
      <FormFault error={sending.error} />
      <QueryView query={query}>
        {({ sessions }) => (
          <DataTable<OpenSession>
            caption={t('sessions')}
            rows={sessions}
            keyOf={({ id }) => id}
            empty="–"
            columns={[
              {
                name: t('as'),
                cell: ({ name, is_own }) => (
                  <span>
                    <Foreign text={name} /> {is_own && <span class="muted">({t('own')})</span>}
                  </span>
                ),
              },
              { name: t('since'), cell: ({ created_at }) => <Time iso={created_at} /> },
              { name: t('until'), cell: ({ expires_at }) => <Time iso={expires_at} /> },
              {
                name: t('end'),
                cell: ({ id, name, is_own }) =>
                  is_own ? (
                    ''
                  ) : (
                    <button
                      type="button"
                      class="button small"
                      aria-disabled={sending.isSending}
                      aria-label={t('endNamed', { name })}
                      onClick={() => end(id)}
                    >
                      {t('end')}
                    </button>
                  ),
              },
            ]}
          />
        )}
      </QueryView>
    </section>
  );
}
