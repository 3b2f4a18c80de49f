// Light, dark, or whatever the system says. The choice stays in this browser.

export type Theme = "system" | "light" | "dark";

const kKey = "assay-theme";

export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(kKey);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system"; // Storage can be forbidden.
  }
}

export function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
}

export function chooseTheme(theme: Theme): void {
  applyTheme(theme);
  try {
    if (theme === "system") localStorage.removeItem(kKey);
    else localStorage.setItem(kKey, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}
