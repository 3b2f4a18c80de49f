import { expect, it } from "vitest";

import { experimentAddress, experimentsAddress, parseRoute } from "./route";

it("comes back from every address it makes", () => {
  expect(parseRoute("/", "state=running&q=a+b")).toEqual({
    page: "experiments", state: "running", search: "a b",
  });
  expect(experimentsAddress("running", "a b")).toBe("/?state=running&q=a+b");
  expect(experimentsAddress(null, "")).toBe("/");
  const address = experimentAddress("a/b c", "absolute");
  expect(address).toBe("/experiments/a%2Fb%20c?scale=absolute");
  expect(parseRoute("/experiments/a%2Fb%20c", "scale=absolute")).toEqual({
    page: "experiment", id: "a/b c", scale: "absolute",
  });
});

it("ignores what it does not know", () => {
  expect(parseRoute("/", "state=sleeping")).toMatchObject({ state: null });
  expect(parseRoute("/experiments/x", "scale=log")).toMatchObject({ scale: "relative" });
  expect(parseRoute("/nowhere", "").page).toBe("unknown");
  expect(parseRoute("/experiments/%E0%A4%A", "").page).toBe("unknown");
});
