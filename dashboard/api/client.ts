// One GET with a memory: a 304, or the same text again, gives back the very object of the last
// answer, so a caller sees by identity that nothing changed. Every failure is an ApiError with a sentence for people.
import { token } from "./token";
import type { Failure } from "./types";

export type FailureKind = "offline" | "unauthorized" | "not_found" | "server" | "unreadable";

const kTimeoutMs = 10_000;

export class ApiError extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly hint: string | null = null,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

interface Remembered {
  etag: string | null;
  text: string;
  body: unknown;
}

export interface Client {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
}

/** A client with a memory of its own: one per page view. */
export function createClient(fetcher: typeof fetch = (...args) => fetch(...args)): Client {
  const remembered = new Map<string, Remembered>();
  return {
    async get<T>(path: string, signal?: AbortSignal): Promise<T> {
      const known = remembered.get(path);
      const response = await send(fetcher, path, known?.etag ?? null, signal);
      if (response.status === 304 && known) return known.body as T;
      if (!response.ok) throw await failureOf(response);
      const text = await response.text();
      if (text === known?.text) return known.body as T;
      const body = parsed<T>(text);
      remembered.set(path, { etag: response.headers.get("ETag"), text, body });
      return body;
    },
  };
}

/** Null where the server knows no such thing (yet). */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.kind === "not_found") return null;
    throw error;
  }
}

async function send(
  fetcher: typeof fetch,
  path: string,
  etag: string | null,
  signal?: AbortSignal,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (etag) headers["If-None-Match"] = etag;
  const secret = token();
  if (secret) headers.Authorization = `Bearer ${secret}`;
  const timeout = AbortSignal.timeout(kTimeoutMs);
  try {
    return await fetcher(path, {
      headers,
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const slow = timeout.aborted;
    throw new ApiError("offline", slow ? "The server does not answer." : "The server cannot be reached.");
  }
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError("unreadable", "The server's answer is not JSON.");
  }
}

async function failureOf(response: Response): Promise<ApiError> {
  const failure = (await response.json().catch(() => null)) as Partial<Failure> | null;
  const message = failure?.message ?? `The server answered ${response.status}.`;
  return new ApiError(kindOf(response.status), message, failure?.hint ?? null, retryAfter(response));
}

function kindOf(status: number): FailureKind {
  if (status === 401) return "unauthorized";
  return status === 404 ? "not_found" : "server";
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
