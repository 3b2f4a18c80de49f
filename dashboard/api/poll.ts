// A poll asks again and again while someone looks: every two seconds when all is well, ever more
// slowly while the server fails, not at all while the page is hidden. It never has two requests
// under way, and what was known stays known when a request fails.
//
//   const poll = createPoll((before, signal) => getReport(client, id, before, signal));
//   const stop = poll.start();
import { ApiError } from "./client";

export interface Polled<T> {
  data: T | null;
  error: ApiError | null; // Of the newest attempt; null when it succeeded.
  updatedAtMs: number | null; // When the newest successful answer came.
  retryAtMs: number | null; // When the next attempt is due, after a failure.
}

export interface Poll<T> {
  current(): Polled<T>;
  subscribe(listener: () => void): () => void;
  retry(): void;
  start(): () => void;
}

export type Load<T> = (before: T | null, signal: AbortSignal) => Promise<T>;

export const kIntervalMs = 2_000;
export const kSlowestMs = 30_000;

/** 4 s, 8 s, 16 s, then 30 s; a tenth of jitter so that many pages do not return at once. */
export function backoffMs(failures: number, random: () => number): number {
  const base = Math.min(kIntervalMs * 2 ** failures, kSlowestMs);
  return Math.round(base * (0.9 + 0.2 * random()));
}

export function createPoll<T>(load: Load<T>, random: () => number = Math.random): Poll<T> {
  let state: Polled<T> = { data: null, error: null, updatedAtMs: null, retryAtMs: null };
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | null = null;
  const listeners = new Set<() => void>();

  function publish(next: Polled<T>) {
    state = next;
    for (const listener of listeners) listener();
  }

  function schedule(delayMs: number) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(() => void attempt(), delayMs);
  }

  async function attempt() {
    if (running) return;
    const mine = new AbortController();
    running = mine;
    try {
      const data = await load(state.data, mine.signal);
      if (mine.signal.aborted) return;
      failures = 0;
      publish({ data, error: null, updatedAtMs: Date.now(), retryAtMs: null });
      schedule(kIntervalMs);
    } catch (thrown) {
      if (mine.signal.aborted) return;
      failures += 1;
      const error = asApiError(thrown);
      const delayMs = Math.max(backoffMs(failures, random), error.retryAfterMs ?? 0);
      publish({ ...state, error, retryAtMs: Date.now() + delayMs });
      schedule(delayMs);
    } finally {
      if (running === mine) running = null;
    }
  }

  function retry() {
    clearTimeout(timer);
    void attempt();
  }

  function visibilityChanged() {
    if (document.hidden) clearTimeout(timer);
    else retry();
  }

  function start() {
    document.addEventListener("visibilitychange", visibilityChanged);
    window.addEventListener("online", retry);
    if (!document.hidden) retry();
    return () => {
      document.removeEventListener("visibilitychange", visibilityChanged);
      window.removeEventListener("online", retry);
      clearTimeout(timer);
      running?.abort();
      running = null;
    };
  }

  return {
    current: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retry,
    start,
  };
}

function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError("unreadable", thrown instanceof Error ? thrown.message : String(thrown));
}
