"""Nothing acknowledged is lost, nothing counts twice: kill -9 and SIGTERM under load.

    python3 tests/e2e/crash_test.py build/release/bin/assay
"""
import http.client
import os
import sys
import threading
import time
import unittest

from server import EXPERIMENT, Server, event

BINARY = None
BATCH = 50


class Load:
    """Threads that post batches of events until the server is gone; remembers its promises."""

    def __init__(self, server, name, threads=4):
        self.server = server
        self.name = name
        self.acknowledged = []
        self.unsure = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, thread):
        for batch in range(100_000):
            ids = [f"{self.name}-{thread}-{batch}-{i}" for i in range(BATCH)]
            try:
                status, receipt = self.server.post_lines(
                    "/v1/events", [event(one, f"u{thread}") for one in ids])
            except (OSError, http.client.HTTPException, ValueError):
                with self.lock:
                    self.unsure.extend(ids)
                return
            with self.lock:
                if status == 200 and receipt["stored"] == BATCH:
                    self.acknowledged.extend(ids)
                else:
                    self.unsure.extend(ids)

    def wait_for(self, events):
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < events and time.monotonic() < deadline:
            time.sleep(0.01)

    def join(self):
        for thread in self.threads:
            thread.join()


def stored_events(server):
    _, _, text = server.ask("GET", "/metrics")
    return next(int(float(line.split()[1])) for line in text.splitlines()
                if line.startswith("assay_store_events "))


class Crash(unittest.TestCase):
    def check_after_restart(self, server, load, before):
        """Every acknowledged event is there once; sending all again adds only what was lost."""
        sent = len(load.acknowledged) + len(load.unsure)
        self.assertGreater(len(load.acknowledged), 0)
        server.start()
        present = stored_events(server) - before
        self.assertGreaterEqual(present, len(load.acknowledged))
        self.assertLessEqual(present, sent)
        for first in range(0, len(load.acknowledged), 10_000):
            ids = load.acknowledged[first:first + 10_000]
            _, receipt = server.post_lines("/v1/events", [event(one, "u") for one in ids])
            self.assertEqual((receipt["stored"], receipt["duplicates"]), (0, len(ids)))
        if load.unsure:
            server.post_lines("/v1/events", [event(one, "u") for one in load.unsure])
        self.assertEqual(stored_events(server) - before, sent)
        return before + sent

    def test_kill_under_load_three_times(self):
        with Server(BINARY) as server:
            server.post("/v1/experiments?start=true", EXPERIMENT)
            total = 0
            for round_ in range(3):
                load = Load(server, f"round{round_}")
                load.wait_for(2000)
                server.kill()
                load.join()
                total = self.check_after_restart(server, load, total)
                _, listed = server.get("/v1/experiments")
                self.assertEqual(listed["experiments"][0]["state"], "running")

    def test_what_a_sticky_experiment_answered_stands(self):
        """Answers under load, kill -9, other weights: nobody who got an answer moves."""
        plan = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true\n"
                                  "  fallback_unit: device\n  exposure: on_evaluation")

        def ask(server, context):
            status, flag = server.post("/ofrep/v1/evaluate/flags/ranker_v2", {"context": context})
            self.assertEqual(status, 200, flag)
            return flag["variant"], flag["metadata"]["assay_reason"], flag["metadata"]["epoch"]

        with Server(BINARY) as server:
            self.assertEqual(server.post("/v1/experiments?start=true", plan)[0], 201)
            answers = {}

            def load(thread):
                for number in range(10_000):
                    unit = f"d{thread}-{number}"
                    try:
                        answers[unit] = ask(server, {"device": unit})[0]
                    except (OSError, http.client.HTTPException, ValueError):
                        return

            threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 60
            while len(answers) < 300 and time.monotonic() < deadline:
                time.sleep(0.01)
            server.kill()
            for thread in threads:
                thread.join()
            self.assertGreaterEqual(len(answers), 300)
            server.start()
            changed = plan.replace("control: {weight: 0.5}", "control: {weight: 0.1}")
            changed = changed.replace("treatment: {weight: 0.5}", "treatment: {weight: 0.9}")
            status, answer = server.post("/v1/experiments", changed)
            self.assertEqual(status, 201, answer)
            for unit, variant in answers.items():
                self.assertEqual(ask(server, {"device": unit}), (variant, "sticky", 0))
            one, variant = next(iter(answers.items()))
            self.assertEqual(ask(server, {"user": "ann", "device": one}), (variant, "sticky", 0))
            _, rows = server.post("/v1/assignments", {"experiment": "ranker_v2",
                                                      "units": [{"id": "ann"}, {"id": "bob"}]})
            ann, bob = rows["assignments"]
            self.assertEqual((ann["variant"], ann["reason"], ann["propensity"]),
                             (variant, "sticky", 0.5))
            self.assertEqual((bob["reason"], bob["unit_kind"]), ("split", "user"))
            self.assertEqual(ask(server, {"user": "bob"}), (bob["variant"], "sticky", 1))
            self.assertEqual(server.stop(), 0)

    def test_answers_that_cross_a_change_of_weights_agree(self):
        """Many ask for the same new unit at once, on every route, while the weights jump."""
        plan = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true\n"
                                  "  adaptive: {floor: 1%}\n  exposure: on_evaluation")
        path = "/ofrep/v1/evaluate/flags"

        def by_flag(server, unit):
            return server.post(f"{path}/ranker_v2", {"context": {"targetingKey": unit}})

        def by_bulk(server, unit):
            status, answer = server.post(path, {"context": {"targetingKey": unit}})
            return status, answer["flags"][0] if status == 200 else answer

        def by_rows(server, unit):
            status, answer = server.post("/v1/assignments", {"units": [{"id": unit}]})
            return status, answer["assignments"][0] if status == 200 else answer

        with Server(BINARY) as server:
            self.assertEqual(server.post("/v1/experiments?start=true", plan)[0], 201)
            stop, failures, heard = threading.Event(), [], {}
            together = threading.Barrier(4)

            def jump():
                for number in range(10_000):
                    few, many = ("1%", "99%")[::1 if number % 2 else -1]
                    status, answer = server.post("/v1/experiments/ranker_v2/weights", {
                        "allocation": {"control": few, "treatment": many}})
                    if status != 200:
                        failures.append(answer)
                    if stop.is_set():
                        return

            def ask(route, routes):
                for number in range(150):
                    together.wait(60)
                    status, answer = routes[(route + number) % len(routes)](server, f"u{number}")
                    if status == 200:
                        heard.setdefault(f"u{number}", set()).add(answer["variant"])
                    elif status != 503:
                        failures.append(answer)

            jumping = threading.Thread(target=jump)
            asking = [threading.Thread(target=ask, args=(i, (by_flag, by_bulk, by_rows)))
                      for i in range(4)]
            for thread in [jumping, *asking]:
                thread.start()
            for thread in asking:
                thread.join()
            stop.set()
            jumping.join()
            self.assertEqual(failures, [])
            self.assertEqual([unit for unit, variants in heard.items() if len(variants) != 1], [])
            self.assertEqual(len(heard), 150)
            self.assertEqual(set.union(*heard.values()), {"control", "treatment"})
            for unit, variants in heard.items():
                self.assertEqual(by_flag(server, unit)[1]["variant"], *variants)
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_sigterm_in_the_middle_of_an_import(self):
        with Server(BINARY) as server:
            load = Load(server, "import")
            load.wait_for(2000)
            self.assertEqual(server.stop(), 0, server.read_log())
            load.join()
            self.check_after_restart(server, load, 0)
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
