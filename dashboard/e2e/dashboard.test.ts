// The built dashboard in a real Chromium. By itself it runs against the fixtures; against a real
// server, which needs at least one experiment with a scorecard:
//
//   ASSAY_URL=http://127.0.0.1:8080 npm run e2e
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type FixtureSite, serveDashboard } from "../fixtures/static_server";
import { allWorlds, running, ship } from "../fixtures/worlds";
import { launch, type Visit, visit } from "./browser";

const kReal = process.env.ASSAY_URL?.replace(/\/$/, "");
const kPhone: BrowserContextOptions = { viewport: { width: 360, height: 740 } };

let browser: Browser;
let site: FixtureSite | null = null;
let seen: Visit;

beforeAll(async () => {
  browser = await launch();
  if (!kReal) site = await serveDashboard("dist", allWorlds());
});
afterAll(async () => {
  await browser.close();
  await site?.close();
});
afterEach(async () => {
  await seen.page.context().close();
  if (site) Object.assign(site, { worlds: allWorlds(), online: true });
  expect(seen.complaints).toEqual([]);
  expect(seen.outside).toEqual([]);
});

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  seen = await visit(browser, (kReal ?? site!.url) + path, options);
  return seen.page;
}

/** The page of an experiment that has a scorecard. */
async function openExperiment(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await open("/", options);
  const row = page.locator("tbody tr", { has: page.locator("td.primary") }).first();
  await row.locator("a").click();
  await page.waitForSelector("#scorecard-title");
  return page;
}

const wide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Names squeezed into a column, and tables of which a part is out of sight. */
function cramped(page: Page): Promise<(string | null)[]> {
  return page.evaluate(() => {
    const names = [...document.querySelectorAll(".guardrails tbody th, .numbers tbody th")];
    const tables = [...document.querySelectorAll(".table-region")];
    return [
      ...names.filter((name) => name.getBoundingClientRect().width < 240),
      ...tables.filter((table) => table.scrollWidth > table.clientWidth),
    ].map((element) => element.textContent);
  });
}

async function violations(page: Page): Promise<string[]> {
  // By the debugger, not as a script element, which the content policy would refuse.
  await page.evaluate(axe.source);
  const report = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return report.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
  );
}

describe("keyboard", () => {
  it("walks from the skip link through the list into an experiment and back", async () => {
    const page = await open("/");
    await page.waitForSelector("tbody a");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await tabTo(page, "tbody a");
    const name = await page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#verdict-title");
    expect(await page.textContent("h1")).toBe(name);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await page.goBack();
    await page.waitForSelector("tbody a");
  });

  it("shows where the focus is", async () => {
    const page = await open("/");
    await page.waitForSelector("tbody a");
    for (let step = 0; step < 8; ++step) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
      expect(outline).not.toBe("none");
    }
  });

  it("reaches the scale, the wide tables and the plan", async () => {
    const page = await openExperiment();
    await tabTo(page, "nav[aria-label='Scale of effects'] a:not([aria-current])");
    await page.keyboard.press("Enter");
    await page.waitForURL(/scale=absolute/);
    await tabTo(page, "[role=group][aria-label=Numbers]");
    await tabTo(page, "summary");
    await page.keyboard.press("Enter");
    expect(await page.isVisible("details pre")).toBe(true);
  });
});

async function tabTo(page: Page, selector: string) {
  for (let step = 0; step < 60; ++step) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`no ${selector} within 60 steps of Tab`);
}

describe("a phone 360 pixels wide", () => {
  it("shows the list without a horizontal scroll", async () => {
    const page = await open("/", kPhone);
    await page.waitForSelector("tbody a");
    expect(await wide(page)).toBe(0);
  });

  it("shows an experiment without a horizontal scroll, at both scales", async () => {
    const page = await openExperiment(kPhone);
    expect(await wide(page)).toBe(0);
    await page.getByRole("link", { name: "Absolute" }).click();
    await page.waitForURL(/scale=absolute/);
    expect(await wide(page)).toBe(0);
  });

  it("gives each metric's name a line of its own, and cuts no number off", async () => {
    const page = await openExperiment(kPhone);
    expect(await cramped(page)).toEqual([]);
  });
});

it("breaks names after underscores only", async () => {
  const page = await openExperiment();
  const torn = await page.$$eval(".numbers .metric-name", (names) => names.flatMap((name) =>
    [...name.childNodes].flatMap((part) => {
      const range = document.createRange();
      range.selectNodeContents(part);
      const lines = new Set([...range.getClientRects()].map((line) => Math.round(line.top)));
      return lines.size > 1 ? [part.textContent] : [];
    })));
  expect(torn).toEqual([]);
});

describe("accessibility", () => {
  const looks: [string, BrowserContextOptions][] = [
    ["light", { colorScheme: "light" }],
    ["dark", { colorScheme: "dark" }],
    ["phone", kPhone],
  ];
  it.each(looks)("finds nothing wrong with the list, %s", async (_, options) => {
    const page = await open("/", { reducedMotion: "reduce", ...options });
    await page.waitForSelector("tbody a");
    expect(await violations(page)).toEqual([]);
  });
  it.each(looks)("finds nothing wrong with an experiment, %s", async (_, options) => {
    const page = await openExperiment({ reducedMotion: "reduce", ...options });
    expect(await violations(page)).toEqual([]);
  });
});

describe("theme", () => {
  const ground = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

  it("follows the system until someone chooses, and remembers the choice", async () => {
    const page = await open("/", { colorScheme: "dark" });
    const dark = await ground(page);
    await page.getByRole("button", { name: "Theme: system" }).click();
    const light = await ground(page);
    expect(light).not.toBe(dark);
    await page.reload();
    await page.waitForSelector("tbody a");
    expect(await ground(page)).toBe(light);
    await page.getByRole("button", { name: "Theme: light" }).click();
    expect(await ground(page)).toBe(dark);
  });
});

describe("updates", () => {
  it("asks with the ETag and hears that nothing changed", async () => {
    const page = await openExperiment();
    const answer = await page.waitForResponse((response) => response.status() === 304);
    expect(await answer.request().headerValue("If-None-Match")).toBeTruthy();
  });

  it("says when the connection is lost, keeps the numbers, and recovers", async () => {
    const page = await openExperiment();
    await page.context().setOffline(true);
    await page.waitForSelector(".banner:has-text('What you see is the last answer.')");
    expect(await page.isVisible("#scorecard-title")).toBe(true);
    expect(await page.textContent(".freshness")).toMatch(/^Stale/);
    await page.context().setOffline(false);
    await page.waitForFunction(() => document.querySelector(".freshness")?.textContent?.startsWith("Live"));
    expect(await page.locator(".banner button").count()).toBe(0);
  });

  it("survives a reload of a deep link", async () => {
    const page = await openExperiment();
    const heading = await page.textContent("h1");
    await page.reload();
    await page.waitForSelector("#scorecard-title");
    expect(await page.textContent("h1")).toBe(heading);
  });
});

describe.skipIf(kReal)("with fixtures", () => {
  it("shows a new verdict within seconds and says it aloud", async () => {
    site!.worlds = [running()];
    const { id } = running().experiment;
    const page = await open(`/experiments/${id}`);
    await page.waitForSelector(".verdict:has-text('Continue')");
    const ended = ship();
    site!.worlds = [{ ...ended, experiment: { ...ended.experiment, id } }];
    await page.waitForSelector(".verdict:has-text('Ship')", { timeout: 5_000 });
    expect(await page.textContent(".verdict [aria-live]")).toMatch(/^New verdict: Ship/);
  });

  it("runs no markup out of names", async () => {
    const page = await open("/experiments/hostile.strings_1", kPhone);
    await page.waitForSelector("#scorecard-title");
    expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
    expect(await wide(page)).toBe(0);
  });

  it("fits every kind of experiment on a phone", async () => {
    const page = await open("/", kPhone);
    for (const { experiment } of allWorlds()) {
      await page.goto(`${site!.url}/experiments/${experiment.id}`);
      await page.waitForSelector("#plan-title");
      expect(await wide(page), experiment.id).toBe(0);
      expect(await cramped(page), experiment.id).toEqual([]);
    }
  });

  it("finds nothing wrong with blocked, empty and lost pages", async () => {
    const page = await open("/experiments/fraud-score-threshold", { reducedMotion: "reduce" });
    await page.waitForSelector("#scorecard-title");
    expect(await violations(page)).toEqual([]);
    for (const path of ["/experiments/ranker-cold-start", "/experiments/nothing", "/?q=zzz"]) {
      await page.goto(site!.url + path);
      await page.waitForSelector("h1");
      await page.waitForSelector(".empty");
      expect(await violations(page)).toEqual([]);
    }
  });

  it("offers a retry when the server was never there", async () => {
    const page = await open("/");
    await page.waitForSelector("tbody a");
    await page.route("**/v1/**", (route) => route.abort());
    await page.reload();
    await page.waitForSelector("[role=alert]");
    await page.unroute("**/v1/**");
    await page.getByRole("button", { name: "Retry now" }).click();
    await page.waitForSelector("tbody a");
  });
});
