// Addresses. Everything a view depends on is in its address, so every view can be linked.
import type { State } from "../api/types";
import type { Scale } from "./reading";

export type Route =
  | { page: "experiments"; state: State | null; search: string }
  | { page: "experiment"; id: string; scale: Scale }
  | { page: "unknown"; path: string };

const kStates: readonly State[] = ["draft", "running", "stopped"];

export function parseRoute(pathname: string, query: string): Route {
  const params = new URLSearchParams(query);
  if (pathname === "/" || pathname === "/experiments") {
    const state = kStates.find((known) => known === params.get("state")) ?? null;
    return { page: "experiments", state, search: params.get("q") ?? "" };
  }
  const found = /^\/experiments\/([^/]+)\/?$/.exec(pathname);
  const id = found?.[1] === undefined ? null : decoded(found[1]);
  if (id === null) return { page: "unknown", path: pathname };
  const scale = params.get("scale") === "absolute" ? "absolute" : "relative";
  return { page: "experiment", id, scale };
}

export function experimentsAddress(state: State | null, search: string): string {
  const params = new URLSearchParams();
  if (state) params.set("state", state);
  if (search) params.set("q", search);
  return params.size > 0 ? `/?${params}` : "/";
}

export function experimentAddress(id: string, scale: Scale = "relative"): string {
  const path = `/experiments/${encodeURIComponent(id)}`;
  return scale === "absolute" ? `${path}?scale=absolute` : path;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
