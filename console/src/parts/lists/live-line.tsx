import { useMessages } from '../../i18n/messages.ts';
import { partsMessages } from '../messages.ts';
import type { Hold } from '../use-held.ts';

const mostCounted = 99;

interface LiveLineProps {
  readonly hold: Hold | null;
  readonly hasFailed: boolean;
  /** True if another part of the page already says that it is live. */
  readonly isQuiet?: boolean;
  /** How many rows arrived while the list is paused. */
  readonly waiting: number;
  readonly words: (count: number) => string;
  readonly onRelease: () => void;
}

/** Says whether a list is live, why not, and how many rows wait. */
export function LiveLine({ hold, hasFailed, isQuiet = false, waiting, words, onRelease }: LiveLineProps) {
  const t = useMessages(partsMessages);
  return (
    <p class="live-line" role="status">
      {hasFailed ? t('liveFailed') : hold !== null ? t(`hold_${hold}`) : isQuiet ? '' : t('liveOn')}
      {waiting > 0 && (
        <button
          type="button"
          class="button small"
          onClick={() => {
            onRelease();
            window.scrollTo(0, 0);
          }}
        >
          {waiting > mostCounted ? t('moreThan', { what: words(mostCounted) }) : words(waiting)}
        </button>
      )}
    </p>
  );
}
