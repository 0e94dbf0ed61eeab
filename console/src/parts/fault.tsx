import { Component, type ComponentChildren } from 'preact';
import type { ApiError } from '../api/client.ts';
import { useMessages } from '../i18n/messages.ts';
import { Foreign } from './foreign-text.tsx';
import { partsMessages } from './messages.ts';
import { useServerText } from './server-text.ts';

/** `retries`: the page repeats by itself, but never a request that changes something. */
export function useFaultText({ retries }: { retries: boolean }): (error: ApiError) => string {
  const t = useMessages(partsMessages);
  const { ofError } = useServerText();
  return (error) => {
    if (error.status === 0) return t('unreachable');
    if (error.status === 403 && error.code === 'FORBIDDEN' && /scope "admin"/.test(error.message))
      return t('forbidden');
    if (error.status === 429 && error.retryAfterSeconds !== null)
      return `${ofError(error)} ${t(retries ? 'busy' : 'busyAsked', { seconds: error.retryAfterSeconds })}`;
    return ofError(error);
  };
}

/** The service's error message, with the request id and a button to try again. */
export function Fault({ error, onRetry }: { error: ApiError; onRetry?: (() => void) | undefined }) {
  const t = useMessages(partsMessages);
  const textOf = useFaultText({ retries: true });
  return (
    <div class="fault" role="alert">
      <p>
        <Foreign text={textOf(error)} />
      </p>
      {error.requestId !== null && <p class="muted">{t('requestId', { id: error.requestId })}</p>}
      {onRetry !== undefined && (
        <button type="button" class="button" onClick={onRetry}>
          {t('tryAgain')}
        </button>
      )}
    </div>
  );
}

/** A failed panel does not affect the rest of the page; it can be drawn again. */
export class FaultBoundary extends Component<{ children: ComponentChildren }, { message: string | null }> {
  override state: { message: string | null } = { message: null };

  static override getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.message === null) return <>{this.props.children}</>;
    return <BrokenPart message={this.state.message} onRetry={() => this.setState({ message: null })} />;
  }
}

function BrokenPart({ message, onRetry }: { message: string; onRetry: () => void }) {
  const t = useMessages(partsMessages);
  return (
    <div class="fault" role="alert">
      <p>{t('pageFault', { message })}</p>
      <button type="button" class="button" onClick={onRetry}>
        {t('tryAgain')}
      </button>
    </div>
  );
}
