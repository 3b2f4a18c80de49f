import { readFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

it("is what spec/http/openapi.yaml gives; if not, run `npm run types`", async () => {
  const made = astToString(await openapiTS(new URL("../../spec/http/openapi.yaml", import.meta.url)));
  const kept = await readFile(new URL("./schema.d.ts", import.meta.url), "utf8");
  expect(kept.slice(kept.indexOf("export interface paths"))).toBe(made);
});
