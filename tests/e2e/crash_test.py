"""Nothing acknowledged is lost, nothing counts twice: kill -9 and SIGTERM under load.

    python3 tests/e2e/crash_test.py build/release/bin/assay
"""
import http.client
import json
import os
import resource
import sqlite3
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


def ask_json(server, path, body):
    status, headers, text = server.ask("POST", path, json.dumps(body))
    return status, headers, json.loads(text)


# Each asks for a unit's answer of ranker_v2: status, headers, and the answer or what went wrong.
def by_flag(server, unit):
    return ask_json(server, "/ofrep/v1/evaluate/flags/ranker_v2",
                    {"context": {"targetingKey": unit}})


def by_bulk(server, unit):
    status, headers, answer = ask_json(server, "/ofrep/v1/evaluate/flags",
                                       {"context": {"targetingKey": unit}})
    return status, headers, answer["flags"][0] if status == 200 else answer


def by_rows(server, unit, **named):
    status, headers, answer = ask_json(server, "/v1/assignments",
                                       {"units": [{"id": unit}], **named})
    return status, headers, answer["assignments"][0] if status == 200 else answer


def by_named_rows(server, unit):
    return by_rows(server, unit, experiment="ranker_v2")


DOORS = (by_flag, by_bulk, by_rows, by_named_rows)


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
            self.assertEqual((ann["variant"], ann["reason"], ann["propensity"], ann["epoch"]),
                             (variant, "sticky", 0.5, 0))
            self.assertEqual((bob["reason"], bob["unit_kind"], bob["epoch"]), ("split", "user", 1))
            self.assertEqual(ask(server, {"user": "bob"}), (bob["variant"], "sticky", 1))
            self.assertEqual(server.stop(), 0)

    def test_answers_that_cross_a_change_of_weights_agree(self):
        """While the store of memories is held up, the same units are asked for before and after the
        weights jump: whoever was first stands, and the other is told so or told to ask again."""
        plan = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true\n"
                                  "  adaptive: {floor: 1%}\n  exposure: on_evaluation")

        def weigh(server, control):
            weights = {"control": f"{control}%", "treatment": f"{100 - control}%"}
            status, answer = server.post("/v1/experiments/ranker_v2/weights",
                                         {"allocation": weights})
            self.assertEqual(status, 200, answer)

        def ask_all(server, route, turn, heard):
            def ask(unit):
                heard[unit] = route(server, unit)
            threads = [threading.Thread(target=ask, args=(f"{route.__name__}-{turn}-{i}",))
                       for i in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(0.2)  # All of them wait for the store by now.
            return threads

        def cross(server, route, turn):
            """What both were answered; None where the store was held up for longer than a second,
            so that some were turned away."""
            first, second = {}, {}
            weigh(server, 1)
            holding = sqlite3.connect(os.path.join(server.folder, "sticky.sqlite"))
            holding.execute("BEGIN IMMEDIATE")
            asking = ask_all(server, route, turn, first)
            weigh(server, 99)
            asking += ask_all(server, route, turn, second)
            nobody_yet = not first and not second
            holding.rollback()
            holding.close()
            for thread in asking:
                thread.join()
            self.assertEqual((len(first), len(second)), (8, 8))
            return (first, second) if nobody_yet else None

        with Server(BINARY) as server:
            self.assertEqual(server.post("/v1/experiments?start=true", plan)[0], 201)
            for route in DOORS:
                crossed = next(filter(None, (cross(server, route, turn) for turn in range(10))))
                for unit in crossed[0]:
                    answers = [heard[unit] for heard in crossed]
                    self.assertEqual({status for status, _, _ in answers}, {200}, answers)
                    variants = {answer["variant"] for _, _, answer in answers}
                    self.assertEqual(variants, {route(server, unit)[2]["variant"]})
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_an_answer_that_loses_its_race_is_asked_for_again_at_every_door(self):
        """The store takes the first answers for overtaken, as many as it is told to: after ten, the
        cause is said."""
        plan = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true")
        overtaken = "each time, another answer to one of the units was first"

        with Server(BINARY) as server:
            self.assertEqual(server.post("/v1/experiments?start=true", plan)[0], 201)
            store = sqlite3.connect(os.path.join(server.folder, "sticky.sqlite"),
                                    isolation_level=None)
            store.executescript("""
                CREATE TABLE lost (unit_id TEXT, at_most INTEGER, times INTEGER DEFAULT 0);
                CREATE TRIGGER race BEFORE INSERT ON remembered WHEN (
                    SELECT times < at_most FROM lost WHERE unit_id = NEW.unit_id)
                BEGIN
                    UPDATE lost SET times = times + 1 WHERE unit_id = NEW.unit_id;
                    SELECT RAISE(IGNORE);
                END;""")
            for door in DOORS:
                for at_most, times in ((2, 2), (9, 9), (99, 10)):
                    unit = f"{door.__name__}-{at_most}"
                    store.execute("INSERT INTO lost (unit_id, at_most) VALUES (?, ?)",
                                  (unit, at_most))
                    status, headers, answer = door(server, unit)
                    said = (unit, status, answer)
                    self.assertEqual(store.execute("SELECT times FROM lost WHERE unit_id = ?",
                                                   (unit,)).fetchone(), (times,), said)
                    kept = store.execute("SELECT variant FROM remembered WHERE unit_id = ?",
                                         (unit,)).fetchall()
                    if times == at_most:
                        self.assertEqual((status, kept), (200, [(answer["variant"],)]), said)
                        continue
                    one = door in (by_flag, by_named_rows)
                    self.assertEqual((status, kept), (503 if one else 200, []), said)
                    self.assertEqual("retry-after" in headers, one, said)
                    self.assertIn(overtaken, json.dumps(answer), said)
                    self.assertNotRegex(json.dumps(answer), "variant|control|treatment", said)
            store.close()
            self.assertNotIn("answers_not_remembered", server.read_log())
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_an_answer_that_cannot_be_remembered_is_not_given(self):
        """The store of memories is at the limit of its file: whoever it knows is answered, nobody
        new is told a variant, and all is well again once there is room."""
        plain = EXPERIMENT.replace("ranker_v2", "plain")
        plan = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true\n"
                                  "  exposure: on_evaluation")
        flag, flags = "/ofrep/v1/evaluate/flags/ranker_v2", "/ofrep/v1/evaluate/flags"

        def context(unit):
            return json.dumps({"context": {"targetingKey": unit}})

        def counted(server):
            names = ("assay_evaluations_total", "assay_store_exposures ")
            return [line for line in server.ask("GET", "/metrics")[2].splitlines()
                    if line.startswith(names)]

        with Server(BINARY) as server:
            self.assertEqual(server.post("/v1/experiments?start=true", plan)[0], 201)
            self.assertEqual(server.post("/v1/experiments?start=true", plain)[0], 201)
            _, known = server.post(flag, context("known"))
            deadline = time.monotonic() + 60
            while "assay_store_exposures 1" not in counted(server):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            before = counted(server)
            limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
            full = os.path.getsize(os.path.join(server.folder, "sticky.sqlite-wal"))
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (full, limits[1]))
            named = '{"experiment": "ranker_v2", "units": [{"id": "new"}]}'
            for path, body in ((flag, context("new")), ("/v1/assignments", named)):
                status, headers, text = server.ask("POST", path, body)
                self.assertEqual(status, 503, (path, text))
                self.assertIn("retry-after", headers)
                self.assertIn("the answer cannot be remembered", text)
                self.assertNotRegex(text, "control|treatment|sqlite", path)
                answer = json.loads(text)
                if path == flag:
                    self.assertEqual((answer["key"], answer["errorCode"]), ("ranker_v2", "GENERAL"))
                else:
                    self.assertEqual(answer["code"], "unavailable")
            self.assertEqual(counted(server), before, "nobody was answered")
            status, all_flags = server.post(flags, context("new"))
            by_key = {one["key"]: one for one in all_flags["flags"]}
            self.assertEqual((status, by_key["ranker_v2"]["errorCode"]), (200, "GENERAL"))
            self.assertNotRegex(json.dumps(by_key["ranker_v2"]), "control|treatment|sqlite")
            self.assertIn(by_key["plain"]["variant"], ("control", "treatment"))
            self.check_rows(server, {("new", "plain"): "split", ("known", "plain"): "split",
                                     ("new", "ranker_v2"): "cannot be remembered",
                                     ("known", "ranker_v2"): "sticky"})
            self.assertEqual(server.read_log().count('"answers_not_remembered"'), 1, "a minute")
            _, again = server.post(flag, context("known"))
            self.assertEqual((again["variant"], again["metadata"]["assay_reason"]),
                             (known["variant"], "sticky"))
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
            status, new = server.post(flag, context("new"))
            self.assertEqual((status, new["metadata"]["assay_reason"]), (200, "split"))
            by_key = {one["key"]: one for one in server.post(flags, context("new"))[1]["flags"]}
            self.assertEqual(by_key["ranker_v2"]["variant"], new["variant"])
            self.assertEqual(server.stop(), 0, server.read_log())

    def check_rows(self, server, expected):
        """The rows of all experiments: each unit's reason, or what its error says."""
        units = [{"id": unit} for unit in sorted({unit for unit, _ in expected})]
        status, answer = server.post("/v1/assignments", json.dumps({"units": units}))
        self.assertEqual((status, len(answer["assignments"])), (200, len(expected)), answer)
        for row in answer["assignments"]:
            self.assertEqual("variant" in row, "reason" in row, row)
            self.assertNotEqual("error" in row, "reason" in row, row)
            said = row.get("error") or row["reason"]
            self.assertIn(expected[row["unit"], row["experiment"]], said)

    def test_a_locked_store_holds_nobody_for_long(self):
        """Another program holds the file of memories: whoever it knows is answered at once."""
        plain = EXPERIMENT.replace("ranker_v2", "plain")
        sticky = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true")
        flag = "/ofrep/v1/evaluate/flags/ranker_v2"
        with Server(BINARY) as server:
            for plan in (plain, sticky):
                self.assertEqual(server.post("/v1/experiments?start=true", plan)[0], 201)
            self.assertEqual(server.post(flag, '{"context": {"targetingKey": "known"}}')[0], 200)
            other = sqlite3.connect(os.path.join(server.folder, "sticky.sqlite"),
                                    isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            self.assertEqual(server.post(flag, '{"context": {"targetingKey": "new"}}')[0], 503)
            self.assertEqual(server.post(flag, '{"context": {"targetingKey": "known"}}')[0], 200)
            self.check_rows(server, {("new", "plain"): "split",
                                     ("new", "ranker_v2"): "cannot be remembered"})
            self.assertIn("end the other program that holds this file", server.read_log())
            other.execute("ROLLBACK")
            other.close()
            self.assertEqual(server.post(flag, '{"context": {"targetingKey": "new"}}')[0], 200)
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_answers_that_cannot_be_read_take_no_other_flag_down(self):
        plain = EXPERIMENT.replace("ranker_v2", "plain")
        sticky = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true")
        flags = "/ofrep/v1/evaluate/flags"
        context = json.dumps({"context": {"targetingKey": "u"}})
        with Server(BINARY) as server:
            for plan in (plain, sticky):
                self.assertEqual(server.post("/v1/experiments?start=true", plan)[0], 201)
            with sqlite3.connect(os.path.join(server.folder, "sticky.sqlite")) as other:
                other.execute("DROP TABLE remembered")
            other.close()
            named = '{"experiment": "ranker_v2", "units": [{"id": "u"}]}'
            for path, body in ((flags + "/ranker_v2", context), ("/v1/assignments", named)):
                status, headers, text = server.ask("POST", path, body)
                self.assertEqual(status, 503, (path, text))
                self.assertIn("the store of earlier answers cannot be read", text)
                self.assertNotIn("sqlite", text)
            status, answer = server.post(flags, context)
            by_key = {one["key"]: one for one in answer["flags"]}
            self.assertEqual((status, by_key["ranker_v2"]["errorCode"]), (200, "GENERAL"))
            self.assertEqual(by_key["plain"]["metadata"]["assay_reason"], "split")
            rows = server.post("/v1/assignments", '{"experiment": "plain", "units": [{"id": "u"}]}')
            self.assertEqual(rows[0], 200)
            self.check_rows(server, {("u", "plain"): "split", ("u", "ranker_v2"): "cannot be read"})
            log = server.read_log()
            self.assertEqual(log.count('"answers_not_recalled"'), 1, log)
            self.assertIn("no such table", log)
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_a_start_that_is_cut_off_leaves_no_slots_behind(self):
        """The slots of a share are found at the start: stored without it, they would not be looked
        for again, and another experiment could take them."""
        plan = EXPERIMENT.replace("  name: Ranker", "  layer: {name: home, share: 20%}")

        def version_and_slots(server):
            _, shown = server.get("/v1/experiments/ranker_v2")
            return shown["version"], shown["plan"]["assignment"]["slots"]

        with Server(BINARY) as server:
            self.assertEqual(server.post("/v1/experiments", plan)[0], 201)
            with sqlite3.connect(os.path.join(server.folder, "records.sqlite")) as records:
                records.execute("CREATE TRIGGER cut BEFORE INSERT ON epochs "
                                "BEGIN SELECT RAISE(ABORT, 'cut off'); END")
            self.assertEqual(server.post("/v1/experiments/ranker_v2/start", "")[0], 409)
            server.kill()
            server.start()
            self.assertEqual(version_and_slots(server), (1, []))
            with sqlite3.connect(os.path.join(server.folder, "records.sqlite")) as records:
                records.execute("DROP TRIGGER cut")
            records.close()
            self.assertEqual(server.post("/v1/experiments/ranker_v2/start", "")[0], 200)
            self.assertEqual(version_and_slots(server), (2, [{"begin": 0, "end": 200000}]))
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_kill_while_files_are_registered_and_started(self):
        """Each is there and runs, or is not there at all; its audit trail says both."""
        with Server(BINARY) as server:
            acknowledged, lock = [], threading.Lock()

            def load(thread):
                for number in range(10_000):
                    name = f"at_once_{thread}_{number}"
                    try:
                        status, _ = server.post("/v1/experiments?start=true",
                                                EXPERIMENT.replace("ranker_v2", name))
                    except (OSError, http.client.HTTPException, ValueError):
                        return
                    self.assertEqual(status, 201)
                    with lock:
                        acknowledged.append(name)

            for round_ in range(3):
                threads = [threading.Thread(target=load, args=(f"{round_}_{i}",)) for i in range(3)]
                for thread in threads:
                    thread.start()
                deadline = time.monotonic() + 60
                while len(acknowledged) < 20 * (round_ + 1) and time.monotonic() < deadline:
                    time.sleep(0.01)
                server.kill()
                for thread in threads:
                    thread.join()
                self.assertGreaterEqual(len(acknowledged), 20 * (round_ + 1))
                server.start()
                _, listed = server.get("/v1/experiments")
                states = {one["id"]: one["state"] for one in listed["experiments"]}
                self.assertEqual(set(states.values()), {"running"})
                self.assertLessEqual(set(acknowledged), set(states))
            self.assertEqual(server.stop(), 0, server.read_log())
            with sqlite3.connect(os.path.join(server.folder, "records.sqlite")) as records:
                trail = records.execute("SELECT subject, action, detail FROM audit WHERE action IN"
                                        " ('register', 'start') ORDER BY id").fetchall()
                opened = records.execute("SELECT experiment, number, version"
                                         " FROM epochs").fetchall()
            records.close()
            self.assertEqual(sorted(opened), sorted((one, 0, 1) for one in states))
            for one in states:
                mine = [(action, detail[:9]) for subject, action, detail in trail if subject == one]
                self.assertEqual(mine, [("register", "version 1"), ("start", "version 1")], one)

    def test_a_start_that_is_cut_off_leaves_no_draft_behind(self):
        with Server(BINARY) as server:
            records = sqlite3.connect(os.path.join(server.folder, "records.sqlite"))
            records.execute("CREATE TRIGGER cut BEFORE INSERT ON epochs "
                            "BEGIN SELECT RAISE(ABORT, 'cut off'); END")
            path = "/v1/experiments?start=true"
            self.assertEqual(server.post(path, EXPERIMENT)[0], 409)
            self.assertEqual(server.get("/v1/experiments/ranker_v2")[0], 404)
            records.execute("DROP TRIGGER cut")
            self.assertEqual(records.execute("SELECT * FROM audit").fetchall(), [])
            records.close()
            status, made = server.post(path, EXPERIMENT)
            self.assertEqual((status, made["state"], made["version"]), (201, "running", 1))
            self.assertEqual(server.post(path, EXPERIMENT)[0], 200, "sent again")
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
