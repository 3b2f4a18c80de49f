import type { ReactNode } from "react";

/** Wide tables scroll inside their own region, which the keyboard can reach and scroll. */
export function TableRegion({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="table-region" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
