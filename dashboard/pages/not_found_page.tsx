import { Link } from "../parts/router";
import { Shell } from "../parts/shell";

export function NotFoundPage({ what }: { what: string }) {
  return (
    <Shell title="Not found" place={what}>
      <section className="panel empty">
        <h1>Not found</h1>
        <p>{what} leads nowhere.</p>
        <p><Link href="/">All experiments</Link></p>
      </section>
    </Shell>
  );
}
