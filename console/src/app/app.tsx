import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { Api, ApiError, readSession, type Session, signIn } from '../api/client.ts';
import { LanguageProvider } from '../i18n/language.tsx';
import { useMessages } from '../i18n/messages.ts';
import { Fault, FaultBoundary, useFaultText } from '../parts/fault.tsx';
import { partsMessages } from '../parts/messages.ts';
import { ToastProvider, useToast } from '../parts/toast.tsx';
import { keepFocus, keepNumbers, refuseClicks } from './focus.ts';
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
  const say = useToast();
  const textOf = useFaultText({ retries: false });
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  /** The session that has ended: a late answer to an earlier one must not end the new one. */
  const [ended, setEnded] = useState<Session | null>(null);
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
    const stops = [followAddress(), keepFocus(), keepNumbers(), refuseClicks()];
    return () => {
      for (const stop of stops) stop();
    };
  }, [start]);
  const api = useMemo(
    () =>
      session === null ? null : new Api(session, { onSignedOut: () => setEnded(session), onReplaced: setSession }),
    [session],
  );
  if (error !== null) return <Fault error={error} onRetry={start} />;
  if (session === null || api === null) {
    return (
      <p class="empty" role="status">
        {t('loading')}
      </p>
    );
  }
  const onSignedIn = (opened: Session): void => {
    setLinkSpent(false);
    setSession(opened);
  };
  if (!session.signed_in) return <SignIn isLinkSpent={isLinkSpent} onSignedIn={onSignedIn} />;
  const signOut = async (): Promise<void> => {
    if (!mayLeave()) return;
    try {
      await api.send('DELETE', '/console/session');
    } catch (thrown) {
      // 401: there is no session to end any more.
      if (!(thrown instanceof ApiError) || thrown.status !== 401) {
        say(t('stillSignedIn', { reason: thrown instanceof ApiError ? textOf(thrown) : String(thrown) }));
        return;
      }
    }
    setSession({ signed_in: false, version: session.version, tile_url: session.tile_url });
  };
  return (
    <ApiProvider api={api}>
      <Shell key={session.tenant} session={session} onSignOut={signOut} />
      {/* The page stays mounted, because typed text exists only there. */}
      {ended === session && <SignInAgain tenant={session.tenant ?? ''} onSignedIn={onSignedIn} />}
    </ApiProvider>
  );
}

/** The code of a one-time link follows `#`, so that no server logs it; it is removed from the history at once. */
function takeCode(): string | null {
  const code = new URLSearchParams(window.location.hash.slice(1)).get('code');
  if (code !== null) history.replaceState(null, '', window.location.pathname + window.location.search);
  return code;
}
