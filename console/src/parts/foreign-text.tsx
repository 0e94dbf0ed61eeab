/** Text that others wrote: shown as text, with control and direction marks made visible, apart from ours in direction. */
const hidden = /(?!\t|\n|\p{Variation_Selector})[\p{Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/gu;

export function visible(text: string): string {
  return text.replaceAll(
    hidden,
    (mark) => `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
}

export function Foreign({ text }: { text: string | null | undefined }) {
  return <bdi>{visible(text ?? '–')}</bdi>;
}

/** An address becomes a link only if it is http or https. */
export function ForeignUrl({ url }: { url: string | null | undefined }) {
  if (url === null || url === undefined) return <>–</>;
  if (!/^https?:\/\//i.test(url)) return <Foreign text={url} />;
  return (
    <a href={url} target="_blank" rel="noreferrer noopener">
      <Foreign text={url} />
    </a>
  );
}
