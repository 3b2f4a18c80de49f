// Moments and spans as text. Times are UTC everywhere, so that a shared link says the same to all.

const kSecondMs = 1_000;
const kMinuteMs = 60 * kSecondMs;
const kHourMs = 60 * kMinuteMs;
export const kDayMs = 24 * kHourMs;

/** "2026-03-01 09:30 UTC" */
export function moment(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** "2026-03-01 09:30:12 UTC" */
export function momentWithSeconds(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The two largest units: "3 d 4 h", "12 min", "42 s". */
export function span(ms: number): string {
  const size = Math.max(ms, 0);
  if (size < kMinuteMs) return `${Math.floor(size / kSecondMs)} s`;
  if (size < kHourMs) return pair(size, kMinuteMs, "min", kSecondMs, "s");
  if (size < kDayMs) return pair(size, kHourMs, "h", kMinuteMs, "min");
  return pair(size, kDayMs, "d", kHourMs, "h");
}

/** "14 d", "1 d", "0.5 d", "20 s": a span given in days, as plans do. */
export function days(count: number): string {
  if (count >= 1) return `${Number(count.toFixed(1))} d`;
  return count === 0 ? "0 d" : span(count * kDayMs);
}

/** "just now", "5 s ago", "3 min ago" */
export function ago(ms: number): string {
  if (ms < kSecondMs) return "just now";
  if (ms < kMinuteMs) return `${Math.floor(ms / kSecondMs)} s ago`;
  if (ms < kHourMs) return `${Math.floor(ms / kMinuteMs)} min ago`;
  return `${span(ms)} ago`;
}

function pair(ms: number, unit: number, name: string, sub: number, subName: string): string {
  const whole = Math.floor(ms / unit);
  const rest = Math.floor((ms % unit) / sub);
  return whole >= 10 || rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${subName}`;
}
