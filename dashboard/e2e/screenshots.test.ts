// Pictures of the main views, for eyes and for the README (readme.png). Written where
// ASSAY_SCREENSHOTS says; skipped without it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";

import { type FixtureSite, serveDashboard } from "../fixtures/static_server";
import { allWorlds } from "../fixtures/worlds";
import { launch, visit } from "./browser";

const folder = process.env.ASSAY_SCREENSHOTS ?? "";
const only = process.env.ASSAY_SCREENSHOT;

const kWide = { viewport: { width: 1400, height: 900 } };
const kTall = { viewport: { width: 1400, height: 1730 } };
const kPhone = { viewport: { width: 360, height: 740 } };

const kViews: [name: string, path: string, options: BrowserContextOptions][] = [
  ["readme", "/experiments/rec-model-v2-2026q1", kTall],
  ["list_light", "/", kWide],
  ["list_dark", "/", { ...kWide, colorScheme: "dark" }],
  ["list_phone", "/", kPhone],
  ["ship_light", "/experiments/rec-model-v2-2026q1", kWide],
  ["ship_dark", "/experiments/rec-model-v2-2026q1", { ...kWide, colorScheme: "dark" }],
  ["ship_phone", "/experiments/rec-model-v2-2026q1", kPhone],
  ["ship_absolute", "/experiments/rec-model-v2-2026q1?scale=absolute", kWide],
  ["three_arms", "/experiments/feed-ranking-candidates", kWide],
  ["three_arms_phone", "/experiments/feed-ranking-candidates", kPhone],
  ["mismatched", "/experiments/fraud-score-threshold", kWide],
  ["withheld", "/experiments/checkout-price-order", kWide],
  ["roll_back", "/experiments/eta-gradient-boosting", kWide],
  ["fresh", "/experiments/ranker-cold-start", kWide],
  ["draft", "/experiments/summaries-small-model", kWide],
  ["undefined", "/experiments/refund-flow", kWide],
  ["hostile", "/experiments/hostile.strings_1", kWide],
  ["hostile_phone", "/experiments/hostile.strings_1", kPhone],
  ["not_found", "/experiments/nothing-here", kWide],
];

describe.skipIf(folder === "")("screenshots", () => {
  let browser: Browser;
  let site: FixtureSite;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    browser = await launch();
    site = await serveDashboard("dist", allWorlds());
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  const views = kViews.filter(([name]) => only === undefined || name.startsWith(only));
  it.each(views)("%s", async (name, path, options) => {
    const { page } = await visit(browser, site.url + path, options);
    await page.waitForSelector("h1");
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: options !== kTall });
    await page.context().close();
  });
});
