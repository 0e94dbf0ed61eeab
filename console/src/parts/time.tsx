import { useEffect, useState } from 'preact/hooks';
import { useFormats } from '../i18n/language.tsx';

const minuteMs = 60_000;
const readers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Draws the component again every minute: on a page left open an age grows, and at midnight a time gets its date. */
export function useMinute(): void {
  const [, setRound] = useState(0);
  useEffect(() => {
    const draw = (): void => setRound((round) => round + 1);
    readers.add(draw);
    timer ??= setInterval(() => {
      for (const reader of readers) reader();
    }, minuteMs);
    return () => {
      readers.delete(draw);
      if (readers.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
}

/** Local time in the row; UTC, zone and age on hover and for screen readers. */
export function Time({
  iso,
  withMs = false,
  withDate = false,
}: {
  iso: string | null | undefined;
  withMs?: boolean;
  withDate?: boolean;
}) {
  const formats = useFormats();
  useMinute();
  if (iso === null || iso === undefined) return <>–</>;
  const text = withMs ? formats.timeMs(iso) : withDate ? formats.dateTime(iso) : formats.time(iso);
  return (
    <time dateTime={iso} title={`${formats.utc(iso)} · ${formats.relative(iso)}`}>
      {text}
    </time>
  );
}

/** The time itself, comparable with other rows, and its age beside it. */
export function Ago({ iso }: { iso: string | null | undefined }) {
  const formats = useFormats();
  useMinute();
  if (iso === null || iso === undefined) return <>–</>;
  return (
    <>
      <Time iso={iso} /> <span class="muted">· {formats.relative(iso)}</span>
    </>
  );
}
