// One Chromium for all browser tests.
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const kChromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: kChromium,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Visit {
  page: Page;
  complaints: string[]; // Console errors, policy violations, uncaught errors.
  outside: string[]; // Requests to anywhere but the site.
}

/** A new page that collects what must not happen. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  const seen: Visit = { page, complaints: [], outside: [] };
  page.on("console", (message) => {
    // A 404 is how the API says "not yet"; the browser reports it, the page handles it.
    const wanted = /^Failed to load resource/.test(message.text());
    if (message.type() === "error" && !wanted) seen.complaints.push(message.text());
  });
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) seen.outside.push(request.url());
  });
  await page.goto(url);
  return seen;
}
