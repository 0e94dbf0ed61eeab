import { useState } from 'preact/hooks';
import { useFormats } from '../../i18n/language.tsx';
import { TextField } from './form.tsx';

/** While a year is typed, it is temporarily 2, 20 and 202. */
const leastYear = 1_000;

interface TimeFieldProps {
  readonly label: string;
  readonly iso: string | null;
  /** null when the field is left empty. */
  readonly onTime: (iso: string | null) => void;
}

/** An instant, typed in the reader's zone, which the field names. Half-typed text stays until it is a time. */
export function TimeField({ label, iso, onTime }: TimeFieldProps) {
  const { timeZone } = useFormats();
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextField
      label={label}
      type="datetime-local"
      hint={timeZone}
      value={typed ?? toLocalInput(iso)}
      onInput={(text) => {
        setTyped(text);
        const time = fromLocalInput(text);
        if (time !== null) onTime(time);
      }}
      onBlur={() => {
        if (typed === '') onTime(null);
        setTyped(null);
      }}
    />
  );
}

/** `<input type="datetime-local">` uses local time without a zone. */
function toLocalInput(iso: string | null): string {
  if (iso === null) return '';
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function fromLocalInput(value: string): string | null {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) || date.getFullYear() < leastYear ? null : date.toISOString();
}
