import { useFormats } from '../i18n/language.tsx';

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
  if (iso === null || iso === undefined) return <>–</>;
  return (
    <>
      <Time iso={iso} /> <span class="muted">· {formats.relative(iso)}</span>
    </>
  );
}
