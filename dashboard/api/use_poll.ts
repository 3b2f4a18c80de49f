import { useEffect, useMemo, useSyncExternalStore } from "react";

import { type Client, createClient } from "./client";
import { createPoll, type Polled } from "./poll";

export type View<T> = Polled<T> & { retry: () => void };

/** Polls while the component is on the page. `load` must keep its identity (a module function or
 *  useCallback): a new one starts afresh, with an empty memory. */
export function usePoll<T>(
  load: (client: Client, before: T | null, signal: AbortSignal) => Promise<T>,
): View<T> {
  const poll = useMemo(() => {
    const client = createClient();
    return createPoll<T>((before, signal) => load(client, before, signal));
  }, [load]);
  useEffect(() => poll.start(), [poll]);
  const state = useSyncExternalStore(poll.subscribe, poll.current);
  return useMemo(() => ({ ...state, retry: poll.retry }), [state, poll]);
}
