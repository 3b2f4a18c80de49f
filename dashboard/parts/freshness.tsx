// How old what you see is: a quiet line while all is well, a banner when the server is silent.
import type { View } from "../api/use_poll";
import { ago, span } from "../lib/time";
import { TokenForm } from "./token_form";
import { useNow } from "./use_now";

export function Freshness({ view }: { view: View<unknown> }) {
  const now = useNow();
  if (view.updatedAtMs === null) return null;
  const live = view.error === null;
  return (
    <p className={`freshness ${live ? "is-live" : "is-stale"}`}>
      <span className="pulse" aria-hidden="true" />
      {live ? "Live" : "Stale"}, updated {ago(Math.max(0, now - view.updatedAtMs))}
    </p>
  );
}

/** Over data that is still shown. The sentence stays the same between attempts, so that a screen
 *  reader says it once. */
export function StaleBanner({ view }: { view: View<unknown> }) {
  const { error, data } = view;
  return (
    <div role="status">
      {error !== null && data !== null && (
        <div className="banner tone-warn">
          <span className="glyph" aria-hidden="true">!</span>
          <p>
            <strong>{error.message}</strong> What you see is the last answer.{" "}
            <NextAttempt view={view} />
          </p>
          <button type="button" onClick={view.retry}>Retry now</button>
        </div>
      )}
    </div>
  );
}

/** Instead of data, when none ever came. */
export function FailurePanel({ view }: { view: View<unknown> }) {
  const { error } = view;
  if (error === null) return null;
  if (error.kind === "unauthorized") {
    return (
      <section className="panel empty">
        <h2>This server asks for an access token</h2>
        <TokenForm onToken={view.retry} />
      </section>
    );
  }
  return (
    <section className="panel empty" role="alert">
      <h2>{error.kind === "offline" ? "No connection" : "That did not work"}</h2>
      <p>{error.message}</p>
      {error.hint && <p className="quiet">{error.hint}</p>}
      <button type="button" onClick={view.retry}>Retry now</button>
      <p className="quiet"><NextAttempt view={view} /></p>
    </section>
  );
}

function NextAttempt({ view }: { view: View<unknown> }) {
  const now = useNow();
  if (view.retryAtMs === null) return null;
  return (
    <span className="quiet" aria-hidden="true">
      Next attempt in {span(Math.max(0, view.retryAtMs - now))}.
    </span>
  );
}
