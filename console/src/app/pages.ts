/** The pages, their addresses and names. Each is loaded when it is first shown. */
import type { ComponentType } from 'preact';
import type { appMessages } from './messages.ts';

export interface PageEntry {
  readonly path: string;
  readonly name: keyof typeof appMessages;
  /** The key after `g`, by its position: the same in every layout. */
  readonly key: string;
  /** The path of a 16 × 16 SVG. */
  readonly icon: string;
  load(): Promise<{ Page: ComponentType }>;
}

export const pages: readonly PageEntry[] = [
  {
    path: '',
    name: 'overview',
    key: 'KeyO',
    icon: 'M1 9h4v6H1zM6 5h4v10H6zM11 1h4v14h-4z',
    load: () => import('../pages/overview/page.tsx'),
  },
  {
    path: '/calls',
    name: 'calls',
    key: 'KeyC',
    icon: 'M1 2h14v2H1zM1 7h14v2H1zM1 12h9v2H1z',
    load: () => import('../pages/calls/page.tsx'),
  },
  {
    path: '/services',
    name: 'services',
    key: 'KeyS',
    icon: 'M2 1h12v4H2zM2 6h12v4H2zM2 11h12v4H2z',
    load: () => import('../pages/services/page.tsx'),
  },
  {
    path: '/webhooks',
    name: 'webhooks',
    key: 'KeyW',
    icon: 'M8 1 3 9h3v6h4V9h3z',
    load: () => import('../pages/webhooks/page.tsx'),
  },
  {
    path: '/playground',
    name: 'playground',
    key: 'KeyP',
    icon: 'M3 1v14l11-7z',
    load: () => import('../pages/playground/page.tsx'),
  },
  {
    path: '/limits',
    name: 'limits',
    key: 'KeyL',
    icon: 'M8 2a7 7 0 0 0-7 7c0 2 .8 3.800 2 5h10c1.200-1.200 2-3 2-5a7 7 0 0 0-7-7m4 4-3 5H7z',
    load: () => import('../pages/limits/page.tsx'),
  },
  {
    path: '/costs',
    name: 'costs',
    key: 'Digit4',
    icon: 'M7 1h2v2h3v2H6v2h6v6H9v2H7v-2H4v-2h6V9H4V3h3z',
    load: () => import('../pages/costs/page.tsx'),
  },
  {
    path: '/cache',
    name: 'cache',
    key: 'KeyK',
    icon: 'M8 1l7 3.500L8 8 1 4.500zM1 8l7 3.500L15 8v2l-7 3.500L1 10z',
    load: () => import('../pages/cache/page.tsx'),
  },
  {
    path: '/tokens',
    name: 'tokens',
    key: 'KeyT',
    icon: 'M5 4a4 4 0 1 0 3.500 6H11v2h3v-2h1V7H8.500A4 4 0 0 0 5 4m0 3a1 1 0 1 1 0 2 1 1 0 0 1 0-2',
    load: () => import('../pages/tokens/page.tsx'),
  },
  {
    path: '/events',
    name: 'events',
    key: 'KeyE',
    icon: 'M0 9h4l2-7 4 12 2-5h4v-2h-5l-1 2-4-9-3 7H0z',
    load: () => import('../pages/events/page.tsx'),
  },
];

export function pageOf(path: string): PageEntry | null {
  const [, first = ''] = path.split('/');
  if (first === 'overview') return pages[0] ?? null;
  return pages.find((page) => page.path === (first === '' ? '' : `/${first}`)) ?? null;
}
