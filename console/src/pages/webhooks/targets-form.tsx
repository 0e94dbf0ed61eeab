/** The further targets of a webhook: what each gets and how it is sent; buttons change their order. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useMessages } from '../../i18n/messages.ts';
import { CheckField, SelectField, type Sending, TextField } from '../../parts/forms/form.tsx';
import { type ConditionDraft, emptyTarget, mostConditions, mostTargets, type TargetDraft } from './target-drafts.ts';
import { targetsMessages } from './targets-messages.ts';

interface TargetsFormProps {
  readonly targets: readonly TargetDraft[];
  readonly onChange: (targets: readonly TargetDraft[]) => void;
  readonly sending: Sending;
}

export function TargetsForm({ targets, onChange, sending }: TargetsFormProps) {
  const t = useMessages(targetsMessages);
  const box = useRef<HTMLFieldSetElement>(null);
  // The element that gets the focus after a row was added, removed or moved.
  const [focus, setFocus] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (focus === null) return;
    const wanted = box.current?.querySelector<HTMLElement>(focus);
    const isUsable = wanted !== null && wanted !== undefined && !wanted.matches('[aria-disabled="true"]');
    (isUsable
      ? wanted
      : wanted?.parentElement?.querySelector<HTMLElement>('button:not([aria-disabled="true"])')
    )?.focus();
    setFocus(null);
  }, [focus]);
  const add = (): void => {
    const target = emptyTarget();
    onChange([...targets, target]);
    setFocus(`[data-key="${target.key}"] input`);
  };
  const remove = (index: number): void => {
    onChange(targets.filter((_, at) => at !== index));
    setSaid(t('targetRemoved', { number: index + 1 }));
    setFocus('[data-role=add]');
  };
  const move = (index: number, step: number): void => {
    const moved = [...targets];
    const [target] = moved.splice(index, 1);
    if (target === undefined) return;
    moved.splice(index + step, 0, target);
    onChange(moved);
    setSaid(t('targetMoved', { from: index + 1, to: index + step + 1 }));
    setFocus(`[data-key="${target.key}"] [data-role=${step < 0 ? 'up' : 'down'}]`);
  };
  return (
    <fieldset class="targets" ref={box}>
      <legend class="section-title">{t('targets')}</legend>
      <p class="hint">{t('targetsHint')}</p>
      <p class="visually-hidden" role="status">
        {said}
      </p>
      <ol class="target-list">
        {targets.map((target, index) => (
          <li key={target.key} data-key={target.key}>
            <div class="panel-head">
              <h4>{t('target', { number: index + 1 })}</h4>
              <span class="actions">
                <button
                  type="button"
                  class="button small plain"
                  data-role="up"
                  aria-disabled={index === 0}
                  aria-label={t('targetUp', { number: index + 1 })}
                  onClick={() => move(index, -1)}
                >
                  ↑
                </button>
                <button
                  type="button"
                  class="button small plain"
                  data-role="down"
                  aria-disabled={index === targets.length - 1}
                  aria-label={t('targetDown', { number: index + 1 })}
                  onClick={() => move(index, 1)}
                >
                  ↓
                </button>
                <button
                  type="button"
                  class="button small"
                  aria-label={t('removeTarget', { number: index + 1 })}
                  onClick={() => remove(index)}
                >
                  {t('remove')}
                </button>
              </span>
            </div>
            <TargetFields
              target={target}
              path={`targets.${index}`}
              sending={sending}
              onChange={(changed) => onChange(targets.map((one, at) => (at === index ? changed : one)))}
            />
          </li>
        ))}
      </ol>
      <div class="actions">
        <button
          type="button"
          class="button small"
          data-role="add"
          aria-disabled={targets.length >= mostTargets}
          onClick={add}
        >
          {t('addTarget')}
        </button>
        {targets.length >= mostTargets && <span class="muted">{t('mostTargets', { count: mostTargets })}</span>}
      </div>
    </fieldset>
  );
}

interface TargetFieldsProps {
  readonly target: TargetDraft;
  readonly path: string;
  readonly sending: Sending;
  readonly onChange: (target: TargetDraft) => void;
}

function TargetFields({ target, path, sending, onChange }: TargetFieldsProps) {
  const t = useMessages(targetsMessages);
  const field = (name: 'url' | 'event_types' | 'headers' | 'timeout_seconds' | 'max_attempts') => ({
    value: target[name],
    onInput: (value: string) => onChange({ ...target, [name]: value }),
    fault: sending.faultOf(`${path}.${name}`),
  });
  return (
    <div class="form">
      <div class="form-grid">
        <TextField label={t('url')} placeholder="https://" {...field('url')} isRequired />
        <TextField label={t('eventTypes')} hint={t('eventTypesHint')} {...field('event_types')} />
        <TextField label={t('timeout')} type="number" {...field('timeout_seconds')} />
        <TextField label={t('maxAttempts')} type="number" {...field('max_attempts')} />
      </div>
      <Conditions
        conditions={target.conditions}
        path={`${path}.conditions`}
        sending={sending}
        onChange={(conditions) => onChange({ ...target, conditions })}
      />
      <TextField label={t('headers')} hint={t('headersHint')} lines={2} {...field('headers')} />
      <div class="actions">
        <CheckField
          label={t('ordered')}
          checked={target.ordered}
          onInput={(ordered) => onChange({ ...target, ordered })}
        />
        <CheckField label={t('paused')} checked={target.paused} onInput={(paused) => onChange({ ...target, paused })} />
      </div>
    </div>
  );
}

interface ConditionsProps {
  readonly conditions: readonly ConditionDraft[];
  readonly path: string;
  readonly sending: Sending;
  readonly onChange: (conditions: readonly ConditionDraft[]) => void;
}

function Conditions({ conditions, path, sending, onChange }: ConditionsProps) {
  const t = useMessages(targetsMessages);
  const change = (index: number, changes: Partial<ConditionDraft>): void =>
    onChange(conditions.map((one, at) => (at === index ? { ...one, ...changes } : one)));
  return (
    <fieldset>
      <legend class="field-label">{t('conditions')}</legend>
      <p class="hint">{conditions.length === 0 ? t('noConditions') : t('conditionsHint')}</p>
      {conditions.map((condition, index) => {
        const at = `${path}.${index}`;
        const hasValue = condition.kind === 'equals' || condition.kind === 'in';
        const pathFault = sending.faultOf(`${at}.path`);
        const valueFault = sending.faultOf(at);
        return (
          // Rows have no identity except their position.
          <div class="condition" key={index}>
            <TextField
              label={t('path')}
              placeholder="data.status"
              value={condition.path}
              onInput={(value) => change(index, { path: value })}
              fault={pathFault ?? (hasValue ? undefined : valueFault)}
            />
            <SelectField
              label={t('kind')}
              value={condition.kind}
              onInput={(kind) => change(index, { kind: kind as ConditionDraft['kind'] })}
              options={(['equals', 'in', 'exists', 'absent'] as const).map((value) => ({ value, name: t(value) }))}
            />
            {hasValue && (
              <TextField
                label={condition.kind === 'in' ? t('values') : t('value')}
                value={condition.value}
                onInput={(value) => change(index, { value })}
                fault={pathFault === undefined ? valueFault : undefined}
              />
            )}
            <button
              type="button"
              class="button small"
              aria-label={t('removeCondition', { number: index + 1 })}
              onClick={() => onChange(conditions.filter((_, place) => place !== index))}
            >
              {t('remove')}
            </button>
          </div>
        );
      })}
      <button
        type="button"
        class="button small"
        aria-disabled={conditions.length >= mostConditions}
        onClick={() => onChange([...conditions, { path: '', kind: 'equals', value: '' }])}
      >
        {t('addCondition')}
      </button>
    </fieldset>
  );
}
