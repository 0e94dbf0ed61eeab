import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api, Session } from '../api/client.ts';

const Context = createContext<Api | null>(null);

export function ApiProvider({ api, children }: { api: Api; children: ComponentChildren }) {
  return <Context.Provider value={api}>{children}</Context.Provider>;
}

export function useApi(): Api {
  const api = useContext(Context);
  if (api === null) throw new Error('there is no ApiProvider');
  return api;
}

export function useSession(): Session {
  return useApi().session;
}

/** Whether the user may change things. */
export function useIsAdmin(): boolean {
  return useApi().session.is_admin === true;
}
