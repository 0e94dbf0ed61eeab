import type { Problem } from '../../api/types.ts';
import { useQuery } from '../../api/use-query.ts';
import { useFormats, useLanguage } from '../../i18n/language.tsx';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../../parts/foreign-text.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { StatusIcon } from '../../parts/status.tsx';
import { overviewMessages } from './messages.ts';

const refreshMs = 15_000;

/** Current problems as sentences with links, or the sentence that all is well. */
export function Problems() {
  const t = useMessages(overviewMessages);
  const query = useQuery('problems', (api, signal) => api.get<readonly Problem[]>('/problems', {}, signal), {
    refreshMs,
  });
  return (
    <section class="panel problems" aria-label={t('wrong')}>
      <QueryView query={query}>
        {(problems) => <ProblemList problems={problems} checkedAt={query.updatedAt} />}
      </QueryView>
    </section>
  );
}

function ProblemList({ problems, checkedAt }: { problems: readonly Problem[]; checkedAt: string | null }) {
  const t = useMessages(overviewMessages);
  const { language } = useLanguage();
  const formats = useFormats();
  const checked = { time: checkedAt === null ? '' : formats.time(checkedAt) };
  return (
    <ul class="plain-list">
      {problems.map((problem) => {
        const said = language === 'ru' ? (problem.message_ru ?? problem.message) : problem.message;
        const undated = problem.since === null ? said : said.replace(sinceInUtc, '');
        const text = undated.replace(inUtc, (_whole, day, time) => formats.time(`${day}T${time}:00Z`));
        const isBad = /critical|error|down/.test(problem.severity);
        return (
          <li key={problem.kind + text} class={isBad ? 'problem problem-bad' : 'problem problem-warn'}>
            <StatusIcon tone={isBad ? 'bad' : 'warn'} />
            <span>
              {safeLink(problem.link) === null ? (
                <Foreign text={text} />
              ) : (
                <a href={safeLink(problem.link) ?? ''}>
                  <Foreign text={text} />
                </a>
              )}{' '}
              {problem.since !== null && (
                <span class="muted" title={formats.utc(problem.since)}>
                  {t('since', { time: formats.time(problem.since) })}
                </span>
              )}
            </span>
          </li>
        );
      })}
      <li class="problem problem-good">
        <StatusIcon tone="good" />
        <span>{t(problems.length === 0 ? 'allWell' : 'restWell', checked)}</span>
      </li>
    </ul>
  );
}

/** The service's messages are also read without a zone; here their times are in the reader's, and the start follows the message. */
const sinceInUtc = / (?:since|с) \d{4}-\d\d-\d\d \d\d:\d\d UTC/;

const inUtc = /(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC/g;

/** Only links within this console. */
function safeLink(link: string | null | undefined): string | null {
  return link?.startsWith('/console') === true ? link : null;
}
