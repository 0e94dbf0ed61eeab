import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, type Session, signIn } from '../api/client.ts';
import { useMessages } from '../i18n/messages.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useFaultText } from '../parts/fault.tsx';
import { TextField } from '../parts/forms/form.tsx';
import { appMessages } from './messages.ts';
import { recall, remember } from './remember.ts';
import { LanguageButton, ThemeSelect } from './shell.tsx';

type OnSignedIn = (session: Session) => void;

export function SignIn({ isLinkSpent, onSignedIn }: { isLinkSpent: boolean; onSignedIn: OnSignedIn }) {
  const t = useMessages(appMessages);
  useEffect(() => {
    document.title = `${t('signIn')} · Integration Service`;
  });
  return (
    <div class="sign-in">
      <header class="sign-in-tools">
        <ThemeSelect />
        <LanguageButton />
      </header>
      <main>
        <h1>Integration Service</h1>
        <p class="muted">{t('signInLead')}</p>
        <SignInForm notice={isLinkSpent ? t('linkUsed') : null} onSignedIn={onSignedIn} />
      </main>
    </div>
  );
}

/** Shown over the page whose session has ended; the page stays mounted behind it. */
export function SignInAgain({ tenant, onSignedIn }: { tenant: string; onSignedIn: OnSignedIn }) {
  const t = useMessages(appMessages);
  return (
    <Dialog title={t('signIn')} kind="cover" onClose={() => undefined} isHeld>
      <SignInForm notice={t('ended')} tenant={tenant} onSignedIn={onSignedIn} />
    </Dialog>
  );
}

interface SignInFormProps {
  readonly notice: string | null;
  readonly tenant?: string;
  readonly onSignedIn: OnSignedIn;
}

function SignInForm({ notice, tenant: known, onSignedIn }: SignInFormProps) {
  const t = useMessages(appMessages);
  const textOf = useFaultText({ retries: false });
  const [tenant, setTenant] = useState(known ?? recall('tenant') ?? '');
  const [token, setToken] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [isSending, setSending] = useState(false);
  const fault = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (error !== null) fault.current?.focus();
  }, [error]);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setSending(true);
    setError(null);
    try {
      const session = await signIn({ tenant: tenant.trim(), token: token.trim() });
      remember('tenant', tenant.trim());
      onSignedIn(session);
    } catch (thrown) {
      setError(thrown instanceof ApiError ? thrown : new ApiError(0, {}));
      setSending(false);
    }
  };
  const said =
    error === null
      ? notice
      : error.status === 401
        ? t('wrongToken')
        : error.status === 403
          ? t('wrongTenant')
          : textOf(error);
  return (
    <form class="form" onSubmit={submit}>
      {said !== null && (
        <p class={error === null ? 'notice' : 'fault'} role="alert" tabIndex={-1} ref={fault}>
          {said}
        </p>
      )}
      <TextField
        label={t('tenant')}
        value={tenant}
        onInput={setTenant}
        hint={t('tenantHint')}
        isRequired
        autocomplete="organization"
      />
      <TextField
        label={t('token')}
        value={token}
        onInput={setToken}
        hint={t('tokenHint')}
        type="password"
        isRequired
        autocomplete="current-password"
      />
      <button type="submit" class="button primary wide" aria-disabled={isSending}>
        {isSending ? t('signingIn') : t('signIn')}
      </button>
    </form>
  );
}
