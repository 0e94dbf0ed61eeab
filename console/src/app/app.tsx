import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { Api, ApiError, readSession, type Session, signIn } from '../api/client.ts';
import { LanguageProvider } from '../i18n/language.tsx';
import { useMessages } from '../i18n/messages.ts';
import { Fault, FaultBoundary } from '../parts/fault.tsx';
import { partsMessages } from '../parts/messages.ts';
import { ToastProvider } from '../parts/toast.tsx';
import { followAddress, mayLeave } from './location.tsx';
import { ApiProvider } from './session.tsx';
import { Shell } from './shell.tsx';
import { SignIn, SignInAgain } from './sign-in.tsx';

export function App() {
  return (
    <LanguageProvider>
      <FaultBoundary>
        <ToastProvider>
          <SignedIn />
        </ToastProvider>
      </FaultBoundary>
    </LanguageProvider>
  );
}

function SignedIn() {
  const t = useMessages(partsMessages);
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [hasEnded, setEnded] = useState(false);
  const [isLinkSpent, setLinkSpent] = useState(false);
  const start = useCallback(async () => {
    setError(null);
    try {
      const code = takeCode();
      if (code !== null) {
        try {
          setSession(await signIn({ code }));
          return;
        } catch (thrown) {
          if (!(thrown instanceof ApiError) || thrown.status !== 401) throw thrown;
          setLinkSpent(true);
        }
      }
      setSession(await readSession());
    } catch (thrown) {
      setError(thrown instanceof ApiError ? thrown : new ApiError(0, {}));
    }
  }, []);
  useEffect(() => {
    void start();
    return followAddress();
  }, [start]);
  const onSignedOut = useCallback(() => {
    setEnded(true);
    setSession((before) => (before === null ? null : { ...before, signed_in: false }));
  }, []);
  const api = useMemo(() => (session === null ? null : new Api(session, onSignedOut)), [session, onSignedOut]);
  if (error !== null) return <Fault error={error} onRetry={start} />;
  if (session === null || api === null) {
    return (
      <p class="empty" role="status">
        {t('loading')}
      </p>
    );
  }
  const onSignedIn = (opened: Session): void => {
    setEnded(false);
    setLinkSpent(false);
    setSession(opened);
  };
  // A session that ends leaves its page as it stands, for what was typed there is not kept elsewhere.
  if (!session.signed_in && !hasEnded) return <SignIn isLinkSpent={isLinkSpent} onSignedIn={onSignedIn} />;
  const signOut = async (): Promise<void> => {
    if (!mayLeave()) return;
    await api.send('DELETE', '/console/session').catch(() => undefined);
    setEnded(false);
    setSession({ signed_in: false, version: session.version, tile_url: session.tile_url });
  };
  return (
    <ApiProvider api={api}>
      <Shell key={session.tenant} session={session} onSignOut={signOut} />
      {!session.signed_in && <SignInAgain tenant={session.tenant ?? ''} onSignedIn={onSignedIn} />}
    </ApiProvider>
  );
}

/** The code of a one-time link stands behind `#`, so no server log sees it; it leaves the history at once. */
function takeCode(): string | null {
  const code = new URLSearchParams(window.location.hash.slice(1)).get('code');
  if (code !== null) history.replaceState(null, '', window.location.pathname + window.location.search);
  return code;
}
