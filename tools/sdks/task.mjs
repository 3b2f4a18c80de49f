// The task comes as one JSON line on standard input, the answer goes as one line to standard output.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export async function task() {
  return JSON.parse((await lines.next()).value);
}

export function say(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

export function answer(value) {
  process.stdout.write(JSON.stringify(value) + "\n", () => process.exit(0));
}
