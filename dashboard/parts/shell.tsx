// The frame of every page: skip link, name, theme, main.
import { type ReactNode, useEffect, useRef, useState } from "react";

import { chooseTheme, storedTheme, type Theme } from "../lib/theme";
import { Link } from "./router";

const kNext: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const kGlyph: Record<Theme, string> = { system: "◐", light: "○", dark: "●" };

let placeShown: string | null = null;

/** A new place gets the focus, so that keyboard and screen reader start at its beginning. */
export function Shell({ title, place, children }: {
  title: string;
  place: string; // Changes with the page, not with its filters.
  children: ReactNode;
}) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title} · assay`;
  }, [title]);
  useEffect(() => {
    const before = placeShown;
    placeShown = place;
    if (before === null || before === place) return; // The browser's own loading sets the focus.
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);
  return (
    <>
      <a className="skip" href="#main">Skip to content</a>
      <header className="top">
        <Link className="brand" href="/" aria-label="assay, all experiments">
          <img src="/favicon.svg" alt="" width="22" height="22" /> assay
        </Link>
        <ThemeButton />
      </header>
      <main id="main" ref={main} tabIndex={-1}>{children}</main>
    </>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  const next = kNext[theme];
  return (
    <button
      type="button"
      className="theme"
      aria-label={`Theme: ${theme}. Change to ${next}.`}
      onClick={() => {
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <span className="glyph" aria-hidden="true">{kGlyph[theme]}</span>
      <span aria-hidden="true">{theme}</span>
    </button>
  );
}
