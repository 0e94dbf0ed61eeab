/**
 * A form for an object that others may change too: edits are based on the version it was opened with, and a conflict
 * shows both.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/client.ts';
import { useMessages } from '../../i18n/messages.ts';
import { Foreign } from '../foreign-text.tsx';
import { DataTable } from '../lists/data-table.tsx';
import { partsMessages } from '../messages.ts';
import { differences, type Plain, rebaseMembers, sameValue } from './differences.ts';
import { type Sending, useSending } from './form.tsx';

export interface Drafting<Draft> {
  /** The version that the edits are based on. */
  readonly base: Draft;
  readonly draft: Draft;
  /** A newer version by a colleague with changes of the same members: the user must choose one. */
  readonly theirs: Draft | null;
  readonly sending: Sending;
  set(changes: Partial<Draft>): void;
  takeTheirs(): void;
  keepMine(): void;
  /** `send` gets the version that the edits are based on. After a 412 it loads the newer one. */
  save(send: (etag: string | null) => Promise<void>): Promise<void>;
}

/** The part of a drafting that fields need. */
export type Editing<Draft> = Pick<Drafting<Draft>, 'draft' | 'set' | 'sending'>;

/** The members of a draft that are texts. */
type TextName<Draft> = { [Name in keyof Draft]: Draft[Name] extends string ? Name : never }[keyof Draft] & string;

/** Gives a field for a text of the draft its value, its change and its fault. */
export function textFieldsOf<Draft>({ draft, set, sending }: Editing<Draft>) {
  return (name: TextName<Draft>) => ({
    value: draft[name] as string,
    onInput: (value: string) => set({ [name]: value } as Partial<Draft>),
    fault: sending.faultOf(name),
  });
}

interface Held<Draft> {
  readonly base: Draft;
  readonly etag: string | null;
  readonly draft: Draft;
  readonly theirs: { readonly draft: Draft; readonly etag: string | null } | null;
}

/** `rebase` applies the edits between two versions to a third. */
export function useDraft<Draft extends object>(
  { loaded, etag, onReload }: { loaded: Draft; etag: string | null; onReload: (() => void) | undefined },
  rebase: (base: Draft, draft: Draft, theirs: Draft) => Draft = rebaseMembers,
): Drafting<Draft> {
  const [held, setHeld] = useState<Held<Draft>>({ base: loaded, etag, draft: loaded, theirs: null });
  const sending = useSending();
  /** The draft that was sent; the next loaded version contains it. */
  const sent = useRef<Draft | 'refused' | null>(null);
  const latest = useRef(rebase);
  latest.current = rebase;
  const text = JSON.stringify(loaded);
  useEffect(() => {
    const version = JSON.parse(text) as Draft;
    setHeld((before) => {
      const { base, draft, etag: own } = before;
      if (etag === (before.theirs?.etag ?? own) && (sameValue(version, base) || !sameValue(draft, base))) return before;
      const was = sent.current;
      sent.current = null;
      if (was !== null && was !== 'refused') {
        // Edits made since then are applied on top of it.
        return { base: version, etag, draft: latest.current(was, draft, version), theirs: null };
      }
      if (sameValue(draft, base)) return { base: version, etag, draft: version, theirs: null };
      if (was === 'refused' || doClash(base, draft, version)) return { ...before, theirs: { draft: version, etag } };
      return { base: version, etag, draft: latest.current(base, draft, version), theirs: null };
    });
  }, [text, etag]);
  const { base, draft, theirs } = held;
  const choose = (mine: Draft): void => {
    if (theirs !== null) setHeld({ base: theirs.draft, etag: theirs.etag, draft: mine, theirs: null });
    sending.clear();
  };
  return {
    base,
    draft,
    theirs: theirs?.draft ?? null,
    sending,
    set: (changes) => setHeld((before) => ({ ...before, draft: { ...before.draft, ...changes } })),
    takeTheirs: () => choose(theirs?.draft ?? draft),
    keepMine: () => choose(rebase(base, draft, theirs?.draft ?? base)),
    save: (send) =>
      sending.run(async () => {
        try {
          sent.current = held.draft;
          await send(held.etag);
        } catch (thrown) {
          sent.current = null;
          if (thrown instanceof ApiError && thrown.status === 412) {
            sent.current = 'refused';
            onReload?.();
          }
          throw thrown;
        }
      }),
  };
}

function doClash<Draft extends object>(base: Draft, draft: Draft, theirs: Draft): boolean {
  return (Object.keys(draft) as (keyof Draft)[]).some(
    (name) =>
      !sameValue(draft[name], base[name]) &&
      !sameValue(theirs[name], base[name]) &&
      !sameValue(draft[name], theirs[name]),
  );
}

/** A colleague's changes beside the user's edits, and the choice between them. `shownOf` hides secrets. */
export function BothVersions<Draft extends object>({
  drafting: { base, draft, theirs, keepMine, takeTheirs },
  shownOf,
}: {
  drafting: Drafting<Draft>;
  shownOf: (draft: Draft) => Plain;
}) {
  const t = useMessages(partsMessages);
  const box = useRef<HTMLElement>(null);
  const isAsked = theirs !== null;
  useEffect(() => {
    if (isAsked) box.current?.focus();
  }, [isAsked]);
  if (!isAsked) return null;
  return (
    <section class="notice wide-notice" tabIndex={-1} ref={box} aria-label={t('bothVersions')}>
      <p>{t('changedMeanwhile')}</p>
      <Differences
        caption={t('bothVersions')}
        versions={[
          { name: t('asLoaded'), value: shownOf(base) },
          { name: t('theirs'), value: shownOf(theirs) },
          { name: t('yours'), value: shownOf(draft) },
        ]}
      />
      <div class="actions">
        <button type="button" class="button small" onClick={keepMine}>
          {t('keepMine')}
        </button>
        <button type="button" class="button small" onClick={takeTheirs}>
          {t('takeTheirs')}
        </button>
      </div>
    </section>
  );
}

/** The changes of a save: each member before and after. */
export function Changes({ before, after }: { before: Plain; after: Plain }) {
  const t = useMessages(partsMessages);
  return (
    <section class="panel" aria-label={t('changes')}>
      <h3>{t('changes')}</h3>
      <Differences
        caption={t('changes')}
        versions={[
          { name: t('asIs'), value: before },
          { name: t('asWillBe'), value: after },
        ]}
      />
    </section>
  );
}

interface DifferencesProps {
  readonly caption: string;
  readonly versions: readonly { readonly name: string; readonly value: Plain }[];
}

function Differences({ caption, versions }: DifferencesProps) {
  const t = useMessages(partsMessages);
  return (
    <DataTable
      caption={caption}
      rows={differences(versions.map(({ value }) => value))}
      keyOf={({ path }) => path}
      empty={t('noDifference')}
      columns={[
        { name: t('member'), cell: ({ path }) => <code>{path}</code> },
        ...versions.map(({ name }, index) => ({
          name,
          cell: ({ texts }: { texts: readonly (string | null)[] }) => <Foreign text={texts[index] ?? '–'} />,
        })),
      ]}
    />
  );
}
