// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "./client";
import { backoffMs, createPoll, kIntervalMs, kSlowestMs } from "./poll";

const middle = () => 0.5; // No jitter.
let hidden = false;

function setHidden(value: boolean) {
  hidden = value;
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("createPoll", () => {
  it("asks at once and then every interval, with the answer before", async () => {
    const load = vi.fn(async (before: number | null) => (before ?? 0) + 1);
    const stop = createPoll(load, middle).start();
    await vi.advanceTimersByTimeAsync(2 * kIntervalMs);
    expect(load.mock.calls.map(([before]) => before)).toEqual([null, 1, 2]);
    stop();
    await vi.advanceTimersByTimeAsync(10 * kIntervalMs);
    expect(load).toHaveBeenCalledTimes(3);
  });

  it("never has two requests under way", async () => {
    const load = vi.fn(() => new Promise<number>(() => {}));
    const poll = createPoll(load, middle);
    const stop = poll.start();
    poll.retry();
    await vi.advanceTimersByTimeAsync(5 * kIntervalMs);
    expect(load).toHaveBeenCalledTimes(1);
    stop();
  });

  it("keeps what it knows through failures and slows down", async () => {
    const times: number[] = [];
    const began = Date.now();
    const load = vi.fn(async () => {
      times.push(Date.now() - began);
      if (times.length > 1 && times.length < 5) throw new ApiError("offline", "gone");
      return times.length;
    });
    const poll = createPoll(load, middle);
    const stop = poll.start();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(poll.current()).toMatchObject({ data: 1, error: { message: "gone" } });
    expect(poll.current().retryAtMs).toBe(Date.now() + 4_000);
    await vi.advanceTimersByTimeAsync(28_000);
    expect(times).toEqual([0, 2_000, 6_000, 14_000, 30_000]);
    expect(poll.current()).toMatchObject({ data: 5, error: null, retryAtMs: null });
    stop();
  });

  it("waits as long as the server asks", async () => {
    const load = vi.fn(async () => Promise.reject(new ApiError("server", "busy", null, 20_000)));
    const stop = createPoll(load, middle).start();
    await vi.advanceTimersByTimeAsync(19_000);
    expect(load).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(load).toHaveBeenCalledTimes(2);
    stop();
  });

  it("rests while the page is hidden and looks at once when it is seen again", async () => {
    const load = vi.fn(async () => 1);
    const stop = createPoll(load, middle).start();
    await vi.advanceTimersByTimeAsync(0);
    setHidden(true);
    await vi.advanceTimersByTimeAsync(20 * kIntervalMs);
    expect(load).toHaveBeenCalledTimes(1);
    setHidden(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(load).toHaveBeenCalledTimes(2);
    stop();
  });

  it("retries at once when asked and when the network is back", async () => {
    const load = vi.fn(async () => Promise.reject(new TypeError("odd")));
    const poll = createPoll(load, middle);
    const stop = poll.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(poll.current().error).toMatchObject({ kind: "unreadable", message: "odd" });
    poll.retry();
    await vi.advanceTimersByTimeAsync(0);
    window.dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(0);
    expect(load).toHaveBeenCalledTimes(3);
    stop();
  });

  it("publishes nothing after it stopped", async () => {
    let answer: (value: number) => void = () => {};
    const poll = createPoll(() => new Promise<number>((resolve) => (answer = resolve)), middle);
    const stop = poll.start();
    stop();
    answer(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(poll.current().data).toBeNull();
  });
});

it("backs off to a limit, with a tenth of jitter", () => {
  expect([1, 2, 3, 4, 20].map((n) => backoffMs(n, middle))).toEqual([4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(backoffMs(20, () => 0)).toBe(kSlowestMs * 0.9);
});
