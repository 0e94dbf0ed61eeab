/** The known members of `config` as fields; the JSON beside them has the same and all other members. */
import { useState } from 'preact/hooks';
import { useMessages } from '../../i18n/messages.ts';
import { SelectField, type Sending, TextField } from '../../parts/forms/form.tsx';
import {
  authKindOf,
  authKinds,
  authMembers,
  authsOf,
  type Config,
  formatNames,
  formatPlain,
  formatPrice,
  formatTexts,
  isPlainObject,
  parseNames,
  parseNumber,
  parsePrice,
  parseTexts,
  withAuths,
  withMember,
} from './config-members.ts';
import { configMessages } from './config-messages.ts';

interface ConfigFieldsProps {
  readonly config: Config;
  /** Only the adapter `http` has authentication, headers and a cache of its own. */
  readonly isHttp: boolean;
  readonly onChange: (config: Config) => void;
  readonly sending: Sending;
}

export function ConfigFields({ config, isHttp, onChange, sending }: ConfigFieldsProps) {
  const t = useMessages(configMessages);
  const breaker = isPlainObject(config.breaker) ? config.breaker : {};
  const set = (name: string) => (value: unknown) => onChange(withMember(config, name, value));
  const setBreaker = (name: string) => (value: unknown) => {
    const changed = withMember(breaker, name, value);
    onChange(withMember(config, 'breaker', Object.keys(changed).length === 0 ? undefined : changed));
  };
  const common = (name: string) => ({
    value: config[name],
    onChange: set(name),
    fault: sending.faultOf(`config.${name}`),
  });
  return (
    <>
      {isHttp && (
        <fieldset class="panel">
          <legend class="section-title">{t('sectionAuth')}</legend>
          <Auths config={config} onChange={onChange} sending={sending} />
          <div class="form-grid spaced">
            <MemberField
              label={t('headers')}
              hint={t('textsHint')}
              lines={2}
              {...common('headers')}
              parse={parseTexts}
              format={formatTexts}
            />
            <MemberField
              label={t('parameters')}
              hint={t('textsHint')}
              lines={2}
              {...common('query')}
              parse={parseTexts}
              format={formatTexts}
            />
            <MemberField
              label={t('secretHeaders')}
              hint={t('secretHeadersHint')}
              {...common('secret_headers')}
              parse={parseNames}
              format={formatNames}
            />
          </div>
        </fieldset>
      )}
      <fieldset class="panel">
        <legend class="section-title">{t('sectionCalls')}</legend>
        <div class="form-grid">
          <MemberField label={t('timeout')} isNumber {...common('timeout_seconds')} />
          <MemberField label={t('retries')} isNumber {...common('max_retries')} />
          <MemberField
            label={t('breakerFailures')}
            isNumber
            value={breaker.failures_in_a_row}
            onChange={setBreaker('failures_in_a_row')}
            fault={sending.faultOf('config.breaker.failures_in_a_row')}
          />
          <MemberField
            label={t('breakerOpen')}
            isNumber
            value={breaker.open_seconds}
            onChange={setBreaker('open_seconds')}
            fault={sending.faultOf('config.breaker.open_seconds')}
          />
          {isHttp && (
            <>
              <MemberField label={t('cacheTtl')} hint={t('cacheTtlHint')} isNumber {...common('cache_ttl_seconds')} />
              <MemberField
                label={t('healthPath')}
                {...common('health_path')}
                parse={(text) => (text.trim() === '' ? undefined : text.trim())}
              />
            </>
          )}
          <MemberField
            label={t('price')}
            hint={t('priceHint')}
            lines={2}
            {...common('cost_per_request')}
            parse={parsePrice}
            format={formatPrice}
          />
        </div>
      </fieldset>
    </>
  );
}

interface MemberFieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly lines?: number;
  readonly isNumber?: boolean;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly fault: string | undefined;
  readonly parse?: (text: string) => unknown;
  readonly format?: (value: unknown) => string;
}

/** The typed text is kept as long as it means the same as the configuration. */
function MemberField({
  value,
  onChange,
  parse = parseNumber,
  format = formatPlain,
  isNumber,
  ...field
}: MemberFieldProps) {
  const [text, setText] = useState(() => format(value));
  const means = JSON.stringify(parse(text)) === JSON.stringify(value);
  return (
    <TextField
      {...field}
      type={isNumber === true ? 'number' : 'text'}
      value={means ? text : format(value)}
      onInput={(typed) => {
        setText(typed);
        onChange(parse(typed));
      }}
    />
  );
}

const mostAuths = 8;

function Auths({ config, onChange, sending }: Pick<ConfigFieldsProps, 'config' | 'onChange' | 'sending'>) {
  const t = useMessages(configMessages);
  const auths = authsOf(config);
  const change = (changed: readonly Config[]): void => onChange(withAuths(config, changed));
  const isList = Array.isArray(config.auth);
  return (
    <div class="form">
      {auths.length === 0 && <p class="hint">{t('authUsual')}</p>}
      {auths.map((auth, index) => {
        const kind = authKindOf(auth);
        const path = isList ? `config.auth.${index}` : 'config.auth';
        const members = authMembers[kind] ?? [];
        const ownFault = members.some((name) => sending.faultOf(`${path}.${name}`) !== undefined);
        const replace = (changed: Config): void => change(auths.map((one, at) => (at === index ? changed : one)));
        return (
          <div class="form-grid auth-row" key={index}>
            <SelectField
              label={t('authKind')}
              value={kind}
              onInput={(chosen) => replace(keptFor(chosen, auth))}
              fault={ownFault ? undefined : sending.faultOf(path)}
              options={authKinds.map((value) => ({ value, name: t(value) }))}
            />
            {members.map((name) =>
              name === 'client_auth' ? (
                <SelectField
                  key={name}
                  label={t('client_auth')}
                  value={auth.client_auth === 'body' ? 'body' : 'basic'}
                  onInput={(chosen) => replace(withMember(auth, name, chosen === 'basic' ? undefined : chosen))}
                  options={['basic', 'body'].map((value) => ({ value, name: value }))}
                />
              ) : (
                <TextField
                  key={name}
                  label={t(kind === 'basic' ? 'user' : (name as 'name'))}
                  value={formatPlain(auth[name])}
                  onInput={(typed) =>
                    replace(withMember(auth, name, typed === '' && name !== 'prefix' ? undefined : typed))
                  }
                  fault={sending.faultOf(`${path}.${name}`)}
                />
              ),
            )}
            <button
              type="button"
              class="button small align-end"
              aria-label={t('removeAuth', { number: index + 1 })}
              onClick={() => change(auths.filter((_, at) => at !== index))}
            >
              {t('remove')}
            </button>
          </div>
        );
      })}
      <div class="actions">
        <button
          type="button"
          class="button small"
          aria-disabled={auths.length >= mostAuths}
          onClick={() => change([...auths, { in: auths.length === 0 ? 'bearer' : 'header' }])}
        >
          {t('addAuth')}
        </button>
      </div>
    </div>
  );
}

/** Members of the old kind that the new one does not have are removed; others stay. */
function keptFor(kind: string, auth: Config): Config {
  const known = new Set(Object.values(authMembers).flat());
  const wanted = new Set(authMembers[kind] ?? []);
  const kept = Object.entries(auth).filter(
    ([name]) => name !== 'in' && name !== 'type' && (!known.has(name) || wanted.has(name)),
  );
  const place = auth.in === 'query' ? 'query' : 'header';
  return { ...(kind === 'hmac' ? { type: kind, in: place } : { in: kind }), ...Object.fromEntries(kept) };
}
