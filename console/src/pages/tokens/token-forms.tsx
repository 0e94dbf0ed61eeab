import { useEffect, useState } from 'preact/hooks';
import type { MadeToken, RotatedToken, Token } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useApi, useSession } from '../../app/session.tsx';
import { useFormats } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Code } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { BothVersions, useDraft } from '../../parts/forms/draft.tsx';
import { CheckField, FormFault, SelectField, useSending } from '../../parts/forms/form.tsx';
import { partsMessages } from '../../parts/messages.ts';
import { QueryView } from '../../parts/query-view.tsx';
import { useToast } from '../../parts/toast.tsx';
import { tokensMessages } from './messages.ts';
import { emptyToken, newTokenOf, type TokenDraft, tokenChanges, tokenDraftOf } from './token-draft.ts';
import { TokenFields, tokenFields } from './token-fields.tsx';

export function NewToken({ onMade, onClose }: { onMade: (made: Token) => void; onClose: () => void }) {
  const t = useMessages(tokensMessages);
  const api = useApi();
  const [draft, setDraft] = useState<TokenDraft>(emptyToken);
  const [made, setMade] = useState<MadeToken | null>(null);
  const sending = useSending();
  if (made !== null) return <ShownToken token={made} onClose={onClose} />;
  const submit = (event: Event): void => {
    event.preventDefault();
    void sending.run(async () => {
      const { token, ...rest } = await api.send<MadeToken>('POST', '/tokens', newTokenOf(draft));
      setMade({ token, ...rest });
      onMade(rest);
    });
  };
  const hasEdits = JSON.stringify(draft) !== JSON.stringify(emptyToken);
  return (
    <Dialog title={t('newToken')} onClose={onClose} hasEdits={hasEdits}>
      <form class="form" onSubmit={submit}>
        <FormFault error={sending.error} fields={tokenFields} />
        <TokenFields draft={draft} set={(changes) => setDraft({ ...draft, ...changes })} sending={sending} />
        <div class="actions">
          <button type="submit" class="button primary" aria-disabled={sending.isSending || draft.scopes.length === 0}>
            {t('create')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Closes only by Done, after the user has saved the token. */
function ShownToken({ token, note, onClose }: { token: MadeToken; note?: string; onClose: () => void }) {
  const t = useMessages(tokensMessages);
  const parts = useMessages(partsMessages);
  const { tenant = '' } = useSession();
  const [isKept, setKept] = useState(false);
  const text = token.token;
  const curl = [
    `curl -s ${window.location.origin}/api/v1/geocoding/geocode`,
    `-H 'Authorization: Bearer ${text}'`,
    `-H 'X-Management-Company-Id: ${tenant}'`,
    `-H 'Content-Type: application/json'`,
    `-d '{"address":"Ташкент, улица Навои, 5"}'`,
  ].join(' \\\n  ');
  return (
    <Dialog title={t('shownOnce')} onClose={onClose} isHeld hasEdits={!isKept}>
      <p class="notice">{t('keepIt')}</p>
      {note !== undefined && <p>{note}</p>}
      <Code label={t('token')} text={text} onCopied={() => setKept(true)} />
      <Code label={t('curl')} text={curl} />
      <CheckField label={t('kept')} checked={isKept} onInput={setKept} />
      <div class="actions">
        <button type="button" class="button primary" aria-disabled={!isKept} onClick={onClose}>
          {parts('done')}
        </button>
      </div>
    </Dialog>
  );
}

interface EditTokenProps {
  readonly id: string;
  readonly name: string;
  readonly onSaved: (changed: Token) => void;
  readonly onClose: () => void;
}

/** Loaded again with its version, so that no other change is overwritten. */
export function EditToken({ id, name, onSaved, onClose }: EditTokenProps) {
  const t = useMessages(tokensMessages);
  const [hasEdits, setEdits] = useState(false);
  const query = useQuery(`token:${id}`, async (api, signal) => {
    const { body, headers } = await api.ask<Token>('GET', `/tokens/${id}`, { signal });
    return { token: body, etag: headers.get('etag') };
  });
  return (
    <Dialog title={t('editTitle', { name })} onClose={onClose} hasEdits={hasEdits}>
      <QueryView query={query}>
        {({ token, etag }) => (
          <EditForm
            token={token}
            etag={etag}
            onReload={query.reload}
            onEdits={setEdits}
            onSaved={onSaved}
            onClose={onClose}
          />
        )}
      </QueryView>
    </Dialog>
  );
}

interface EditFormProps {
  readonly token: Token;
  readonly etag: string | null;
  readonly onReload: () => void;
  readonly onEdits: (hasEdits: boolean) => void;
  readonly onSaved: (changed: Token) => void;
  readonly onClose: () => void;
}

function EditForm({ token, etag, onReload, onEdits, onSaved, onClose }: EditFormProps) {
  const t = useMessages(tokensMessages);
  const api = useApi();
  const say = useToast();
  const drafting = useDraft<TokenDraft>({ loaded: tokenDraftOf(token), etag, onReload });
  const { base, draft, sending } = drafting;
  const changes = tokenChanges(base, draft);
  const isChanged = Object.keys(changes).length > 0;
  useEffect(() => onEdits(isChanged), [isChanged, onEdits]);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isChanged) {
      say(t('unchanged'));
      return;
    }
    void drafting.save(async (version) => {
      const given = version === null ? {} : { 'if-match': version };
      onSaved(await api.send<Token>('PATCH', `/tokens/${token.id}`, changes, given));
      say(t('saved'));
      onClose();
    });
  };
  return (
    <form class="form" onSubmit={submit}>
      <BothVersions drafting={drafting} shownOf={(one) => ({ ...one })} />
      <FormFault error={sending.error} fields={tokenFields} />
      <TokenFields draft={draft} set={drafting.set} sending={sending} />
      <div class="actions">
        <button type="submit" class="button primary" aria-disabled={sending.isSending || draft.scopes.length === 0}>
          {t('save')}
        </button>
      </div>
    </form>
  );
}

const graces = { '0': 'graceNone', '3600': 'graceHour', '86400': 'graceDay', '604800': 'graceWeek' } as const;

interface RotateTokenProps {
  readonly token: Token;
  readonly onMade: (made: RotatedToken) => void;
  readonly onClose: () => void;
}

/** A new text with the same rights; the old one stays valid for a while, so that its user can change to the new one. */
export function RotateToken({ token, onMade, onClose }: RotateTokenProps) {
  const t = useMessages(tokensMessages);
  const parts = useMessages(partsMessages);
  const api = useApi();
  const formats = useFormats();
  const sending = useSending();
  const [grace, setGrace] = useState('86400');
  const [made, setMade] = useState<RotatedToken | null>(null);
  if (made !== null) {
    const until = t('oldUntil', { time: formats.dateTime(made.replaces.expires_at) });
    return <ShownToken token={made} note={until} onClose={onClose} />;
  }
  const rotate = (): void =>
    void sending.run(async () => {
      const body = { grace_seconds: Number(grace) };
      const rotated = await api.send<RotatedToken>('POST', `/tokens/${token.id}/rotate`, body);
      setMade(rotated);
      onMade(rotated);
    });
  return (
    <Dialog title={t('rotateTitle', { name: token.name })} onClose={onClose}>
      <FormFault error={sending.error} />
      <p>{t('rotateText')}</p>
      <SelectField
        label={t('grace')}
        value={grace}
        onInput={setGrace}
        options={Object.entries(graces).map(([value, name]) => ({ value, name: t(name) }))}
      />
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          {parts('cancel')}
        </button>
        <button type="button" class="button primary" aria-disabled={sending.isSending} onClick={rotate}>
          {t('rotate')}
        </button>
      </div>
    </Dialog>
  );
}
