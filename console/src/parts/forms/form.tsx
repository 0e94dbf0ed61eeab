/** Fields with a label above, a hint, and the service's error right below. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiError, type FieldFault } from '../../api/client.ts';
import { useMessages } from '../../i18n/messages.ts';
import { useFaultText } from '../fault.tsx';
import { Foreign } from '../foreign-text.tsx';
import { partsMessages } from '../messages.ts';
import { useServerText } from '../server-text.ts';

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly children: (ids: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': 'true' | undefined;
  }) => ComponentChildren;
}

export function Field({ label, hint, fault, children }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  const faultId = `${id}-fault`;
  const describedBy = [hint === undefined ? '' : hintId, fault === undefined ? '' : faultId]
    .filter((one) => one !== '')
    .join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        'aria-describedby': describedBy || undefined,
        'aria-invalid': fault === undefined ? undefined : 'true',
      })}
      {hint !== undefined && (
        <p class="hint" id={hintId}>
          {hint}
        </p>
      )}
      {fault !== undefined && (
        <p class="field-fault" id={faultId}>
          <Foreign text={fault} />
        </p>
      )}
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly onBlur?: () => void;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly type?: 'text' | 'password' | 'number' | 'url' | 'search' | 'datetime-local' | 'date';
  readonly placeholder?: string;
  readonly isRequired?: boolean;
  readonly lines?: number;
  readonly suggestions?: readonly string[];
  readonly autocomplete?: string;
  readonly isReadOnly?: boolean;
}

export function TextField(props: TextFieldProps) {
  const {
    label,
    value,
    onInput,
    hint,
    fault,
    type = 'text',
    placeholder,
    isRequired,
    lines,
    suggestions,
    autocomplete = 'off',
  } = props;
  const listId = useId();
  return (
    <Field label={label} hint={hint} fault={fault}>
      {(ids) =>
        lines === undefined ? (
          <>
            <input
              {...ids}
              type={type as 'text'}
              value={value}
              required={isRequired}
              placeholder={placeholder}
              autoComplete={autocomplete}
              readOnly={props.isReadOnly}
              spellcheck={false}
              step={type === 'number' ? 'any' : type === 'datetime-local' ? 1 : undefined}
              list={suggestions === undefined ? undefined : listId}
              onInput={(event) => onInput(event.currentTarget.value)}
              onBlur={props.onBlur}
            />
            {suggestions !== undefined && (
              <datalist id={listId}>
                {suggestions.map((one) => (
                  <option key={one} value={one} />
                ))}
              </datalist>
            )}
          </>
        ) : (
          <textarea
            {...ids}
            rows={lines}
            value={value}
            required={isRequired}
            placeholder={placeholder}
            spellcheck={false}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly name: string }[];
  readonly onInput: (value: string) => void;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
}

export function SelectField({ label, value, options, onInput, hint, fault }: SelectFieldProps) {
  return (
    <Field label={label} hint={hint} fault={fault}>
      {(ids) => (
        <select {...ids} value={value} onChange={(event) => onInput(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField({
  label,
  checked,
  onInput,
  hint,
}: {
  label: string;
  checked: boolean;
  onInput: (checked: boolean) => void;
  hint?: string;
}) {
  const id = useId();
  return (
    <div class="field check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onInput(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface Sending {
  readonly isSending: boolean;
  readonly error: ApiError | null;
  /** The error of a field by its path in the body. */
  faultOf(path: string): string | undefined;
  /** Runs the request; errors and the input stay visible. */
  run(send: () => Promise<void>): Promise<void>;
  clear(): void;
}

export function useSending(): Sending {
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  // A second click may come before the button is disabled.
  const isUnderWay = useRef(false);
  const { ofFault } = useServerText();
  return {
    isSending,
    error,
    faultOf(path) {
      const found = error?.faults.find((fault) => samePath(fault.path, path));
      return found === undefined ? undefined : ofFault(found);
    },
    clear: () => setError(null),
    async run(send) {
      if (isUnderWay.current) return;
      isUnderWay.current = true;
      setSending(true);
      setError(null);
      try {
        await send();
      } catch (thrown) {
        setError(thrown instanceof ApiError ? thrown : new ApiError(0, { detail: String(thrown) }));
      }
      isUnderWay.current = false;
      setSending(false);
    },
  };
}

/**
 * `body.rate_limit` and `rate_limit` are the same path, and so are `targets[1].url` and `targets.1.url`; `scopes[2]`
 * belongs to `scopes`.
 */
function samePath(given: string, wanted: string): boolean {
  const plain = given
    .replace(/^(body|query)[./]/, '')
    .replace(/^\//, '')
    .replaceAll(/\[(\d+)\]/g, '.$1');
  return plain === wanted || plain.startsWith(`${wanted}.`);
}

/**
 * The service's error for the whole form; gets the focus when it appears. `fields` are those that show their own
 * errors.
 */
export function FormFault({ error, fields = [] }: { error: ApiError | null; fields?: readonly string[] }) {
  const t = useMessages(partsMessages);
  const textOf = useFaultText({ retries: false });
  const { ofFault } = useServerText();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error !== null) box.current?.focus();
  }, [error]);
  if (error === null) return null;
  const others: readonly FieldFault[] = error.faults.filter(
    ({ path }) => !fields.some((field) => samePath(path, field)),
  );
  return (
    <div class="fault" role="alert" tabIndex={-1} ref={box}>
      <p>
        <Foreign text={error.faults.length > 0 ? `${t('checkFields')} ${textOf(error)}` : textOf(error)} />
      </p>
      {others.length > 0 && (
        <ul>
          {others.map((fault) => (
            <li key={fault.path + fault.message}>
              <code>{fault.path}</code> <Foreign text={ofFault(fault)} />
            </li>
          ))}
        </ul>
      )}
      {error.requestId !== null && <p class="muted">{t('requestId', { id: error.requestId })}</p>}
    </div>
  );
}
