import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { wasTouched } from '../app/focus.ts';
import { scrollToPlace } from '../app/location.tsx';
import { useSession } from '../app/session.tsx';

/**
 * The page's only `h1`: it gets the focus when the page changes, so that a screen reader announces the page. A page that
 * was just loaded is announced by the browser, and its first Tab belongs to the link to the content.
 */
export function PageHeader({ title, children }: { title: string; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { tenant } = useSession();
  useEffect(() => {
    if (wasTouched() && document.activeElement?.matches('body, main, nav *') !== false) {
      heading.current?.focus({ preventScroll: true });
    }
    scrollToPlace();
  }, []);
  useEffect(() => {
    document.title = `${title} · ${tenant ?? ''} · Integration Service`;
  }, [title, tenant]);
  return (
    <div class="page-head">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <div class="page-tools">{children}</div>
    </div>
  );
}

/** The open object comes first in the title, so that tabs and history entries differ. */
export function useDetailTitle(detail: string): void {
  useEffect(() => {
    const { title } = document;
    document.title = `${detail} · ${title}`;
    return () => {
      document.title = title;
    };
  }, [detail]);
}
