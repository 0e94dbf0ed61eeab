/** Text that others wrote: shown as text, with control and direction marks made visible, apart from ours in direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be shown.
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export function visible(text: string): string {
  return text.replaceAll(hidden, (mark) => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
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
