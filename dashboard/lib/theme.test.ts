// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest";

import { applyTheme, chooseTheme, storedTheme } from "./theme";

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
  applyTheme("system");
});

it("remembers a choice and forgets it for the system's", () => {
  chooseTheme("dark");
  expect(storedTheme()).toBe("dark");
  expect(document.documentElement.dataset.theme).toBe("dark");
  chooseTheme("system");
  expect(storedTheme()).toBe("system");
  expect(document.documentElement.dataset.theme).toBeUndefined();
});

it("works where storage is forbidden", () => {
  const refuse = () => {
    throw new Error("forbidden");
  };
  vi.stubGlobal("localStorage", { getItem: refuse, setItem: refuse, removeItem: refuse });
  chooseTheme("light");
  expect(document.documentElement.dataset.theme).toBe("light");
  expect(storedTheme()).toBe("system");
});
