// The dashboard is served by `assay serve` from its own port, so every address is relative to the
// root and nothing is inlined: the page works under `default-src 'self'`.
//
//   npm run dev            against a running `assay serve` (ASSAY_URL, default 127.0.0.1:8080)
//   npm run dev:fixtures   against the fixtures, without a server
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

import { fixtureHandler } from "./fixtures/fixture_server.ts";

const kServerUrl = process.env.ASSAY_URL ?? "http://127.0.0.1:8080";

function fixtures(): Plugin {
  const handle = fixtureHandler();
  return {
    name: "assay-fixtures",
    configureServer: (server) => {
      server.middlewares.use((request, response, next) => {
        if (!handle(request, response)) next();
      });
    },
  };
}

/** The theme is applied before the first paint: no white flash in a dark room. */
function blockRender(): Plugin {
  return {
    name: "assay-block-render",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replace(/<script type="module"/, '<script type="module" blocking="render"'),
    },
  };
}

/** Beside each text file its gzip form: the server sends that to whoever takes it. */
function compressed(): Plugin {
  return {
    name: "assay-gzip",
    apply: "build",
    writeBundle: ({ dir = "dist" }, bundle) => {
      for (const name of Object.keys(bundle)) {
        const path = join(dir, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [react(), blockRender(), compressed(), ...(mode === "fixtures" ? [fixtures()] : [])],
  server: mode === "fixtures" ? {} : { proxy: { "/v1": kServerUrl } },
  build: {
    target: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600, // kB before compression: React, Plot and its d3.
  },
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules", "dist", "e2e"],
  },
}));
