// Node.js has no EventSource of its own yet; the package is what its own documentation names.
import { EventSource } from "eventsource";
import { answer, say, task } from "./task.mjs";

globalThis.EventSource = EventSource;
const { run } = await import("./web_client.mjs");
await run(await task(), (value) => (value.answers ? answer(value) : say(value)));
