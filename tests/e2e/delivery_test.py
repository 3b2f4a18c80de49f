"""Flags as applications get them: notices of changes, pages of other origins, keys, GrowthBook.

    python3 tests/e2e/delivery_test.py build/release/bin/assay
"""
import ctypes
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

from server import EXPERIMENT, Server, exposure

BINARY = None
USER = '{"context":{"targetingKey":"u1"}}'
GROWTHBOOK = EXPERIMENT.replace("id: ranker_v2", "id: ranker_gb\n  hash: growthbook_v2")


class Stream:
    """An open event stream; lines as they come."""

    def __init__(self, server, path, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.connection.request("GET", path, headers=headers or {})
        self.response = self.connection.getresponse()

    def event(self, field="data"):
        """The value of the next line of this field."""
        while line := self.response.readline().decode():
            if line.startswith(field + ": "):
                return line[len(field) + 2:].strip()
        return None

    def close(self):
        self.response.close()
        self.connection.close()


def start(server, text):
    status, answer = server.post("/v1/experiments?start=true", text, "application/yaml")
    assert status == 201, answer


class NewWeights(unittest.TestCase):
    def test_files_and_their_versions_answer_as_the_server_that_ran_them(self):
        ids = [f"u{i}" for i in range(4000)]
        steps = [(0.2, 0.9, ""), (0.5, 0.5, ""), (0.5, 0.5, "  overrides: {u7: treatment}\n"),
                 (0.9, 0.1, "  overrides: {u8: control}\n")]
        before = {}
        with Server(BINARY) as server, tempfile.TemporaryDirectory() as folder:
            units = os.path.join(folder, "units.csv")
            with open(units, "w", encoding="utf-8") as out:
                out.write("\n".join(["user", *ids]) + "\n")
            files = []
            for number, (traffic, control, more) in enumerate(steps):
                text = EXPERIMENT + f"  traffic: {traffic}\n{more}"
                for variant, share in (("control", control), ("treatment", 1 - control)):
                    text = text.replace(f"{variant}: {{weight: 0.5}}",
                                        f"{variant}: {{weight: {share:.1f}}}")
                files.append(os.path.join(folder, f"{number}.yaml"))
                with open(files[-1], "w", encoding="utf-8") as out:
                    out.write(text)
                if number == 0:
                    start(server, text)
                else:
                    status, answer = server.post("/v1/experiments", text, "application/yaml")
                    self.assertIn(status, (200, 201), answer)
                command = [BINARY, "assign", files[-1], "--units", units]
                for file in files[:-1]:
                    command += ["--earlier", file]
                rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                by_files = dict(row.split(",", 1) for row in rows.splitlines()[1:])
                status, answer = server.post("/v1/assignments", {
                    "experiment": "ranker_v2", "units": [{"id": unit} for unit in ids]})
                self.assertEqual(status, 200)
                by_server = {row["unit"]: f"{row.get('variant') or ''},{row['reason']}"
                             for row in answer["assignments"]}
                self.assertEqual(by_files, by_server)
                stayed = [unit for unit, row in before.items() if row.endswith(",split")]
                self.assertTrue(all(by_server[unit] == before[unit] for unit in stayed
                                    if unit not in ("u7", "u8")))
                before = by_server
            alone = subprocess.run([BINARY, "assign", files[-1], "--units", units],
                                   capture_output=True, text=True, check=True).stdout
            by_newest = dict(row.split(",", 1) for row in alone.splitlines()[1:])
            moved = sum(by_newest[unit] != before[unit] for unit in ids)
            self.assertGreater(moved, 400, "the newest weights alone answer otherwise")


class TwoSides(unittest.TestCase):
    def test_a_request_of_a_buyer_and_a_seller_gets_both_answers(self):
        with Server(BINARY) as server:
            for side in ("buyer", "seller"):
                start(server, EXPERIMENT.replace("id: ranker_v2", f"id: {side}_model\n"
                                                 f"  unit: {side}"))
            cells, of_buyer = {}, {}
            for i in range(300):
                context = {"buyer": f"b{i % 60}", "seller": f"s{i}"}
                status, answer = server.post("/ofrep/v1/evaluate/flags", {"context": context})
                self.assertEqual(status, 200)
                variants = {flag["key"]: flag["variant"] for flag in answer["flags"]}
                cell = (variants["buyer_model"], variants["seller_model"])
                cells[cell] = cells.get(cell, 0) + 1
                of_buyer.setdefault(context["buyer"], set()).add(cell[0])
            self.assertEqual(len(cells), 4)
            self.assertGreater(min(cells.values()), 30)
            self.assertEqual({len(variants) for variants in of_buyer.values()}, {1})


class Switchbacks(unittest.TestCase):
    def test_answers_for_the_present_period_and_counts_it(self):
        plan = EXPERIMENT.replace("id: ranker_v2", "id: prices\n  unit: city\n"
                                  "  exposure: on_evaluation\n  switchback: {period: 1s}")
        with Server(BINARY) as server:
            start(server, plan)
            body = {"context": {"city": "pune"}}
            seen = set()
            begin = time.monotonic()
            while time.monotonic() - begin < 3.3:
                status, answer = server.post("/ofrep/v1/evaluate/flags/prices", body)
                self.assertEqual((status, answer["reason"]), (200, "SPLIT"))
                seen.add(answer["variant"])
                time.sleep(0.05)
            time.sleep(0.3)  # Exposures of answers are stored a moment later.
            status, card = server.get("/v1/scorecards/prices?fresh=true")
            self.assertEqual(status, 200)
            periods = sum(count["n"] for count in card["units"])
            self.assertIn(periods, (4, 5), "one exposure per period")
            self.assertLessEqual(len(seen), 2)


def stored_exposures(folder):
    """What the stopped server stored: unit, variant, epoch, override and propensity, as texts."""
    duckdb = ctypes.CDLL(os.path.join(os.path.dirname(BINARY), "libduckdb.so"))
    duckdb.duckdb_value_varchar.restype = ctypes.c_char_p
    duckdb.duckdb_value_varchar.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64]
    duckdb.duckdb_row_count.restype = ctypes.c_uint64
    database, connection = ctypes.c_void_p(), ctypes.c_void_p()
    result = (ctypes.c_uint64 * 16)()  # Larger than a duckdb_result.
    question = (b"SELECT unit_kind || ' ' || unit_id, variant, epoch, is_override, propensity "
                b"FROM exposures ORDER BY ALL")
    try:
        assert duckdb.duckdb_open(os.path.join(folder, "events.duckdb").encode(),
                                  ctypes.byref(database)) == 0
        assert duckdb.duckdb_connect(database, ctypes.byref(connection)) == 0
        assert duckdb.duckdb_query(connection, question, ctypes.byref(result)) == 0
        return [[duckdb.duckdb_value_varchar(ctypes.byref(result), column, row).decode()
                 for column in range(5)]
                for row in range(duckdb.duckdb_row_count(ctypes.byref(result)))]
    finally:
        duckdb.duckdb_disconnect(ctypes.byref(connection))
        duckdb.duckdb_close(ctypes.byref(database))


class ExposingAnswers(unittest.TestCase):
    def test_are_stored_with_all_that_a_bandit_needs(self):
        plan = EXPERIMENT.replace("id: ranker_v2", "id: ranker_v2\n  sticky: true\n"
                                  "  adaptive: {floor: 10%}\n  exposure: on_evaluation\n"
                                  "  fallback_unit: device\n  overrides: {tester: treatment}")
        flag, expected = "/ofrep/v1/evaluate/flags/ranker_v2", []
        with Server(BINARY) as server:
            start(server, plan)
            for epoch, control in enumerate((50, 20)):
                weights = {"control": f"{control}%", "treatment": f"{100 - control}%"}
                if epoch == 1:
                    status, _ = server.post("/v1/experiments/ranker_v2/weights",
                                            {"allocation": weights})
                    self.assertEqual(status, 200)
                for kind in ("user", "device"):
                    for i in range(10):
                        unit = f"u{epoch}{i}"
                        for _ in range(2):  # Asking again is no second exposure.
                            status, answer = server.post(flag, {"context": {kind: unit}})
                            self.assertEqual(status, 200)
                        share = float(weights[answer["variant"]][:-1]) / 100
                        expected.append([f"{kind} {unit}", answer["variant"], str(epoch), "false",
                                         str(share)])
            server.post(flag, {"context": {"user": "tester"}})
            expected.append(["user tester", "treatment", "1", "true", "1.0"])
            self.assertEqual(server.stop(), 0, server.read_log())
            self.assertEqual(stored_exposures(server.folder), sorted(expected))


class CloudEvents(unittest.TestCase):
    def test_binary_mode_has_its_envelope_in_headers(self):
        headers = {"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "7",
                   "ce-source": "/shop", "ce-type": "click"}
        with Server(BINARY) as server:
            for count in ("stored", "duplicates"):
                status, _, text = server.ask("POST", "/v1/events", '{"units": {"user": "u1"}}',
                                             headers)
                self.assertEqual((status, json.loads(text)[count]), (200, 1))
            start(server, EXPERIMENT)
            status, _, text = server.ask("POST", "/v1/exposures",
                                         '{"experiment": "ranker_v2", "variant": "control", '
                                         '"unit": "u1"}', headers)
            self.assertEqual((status, json.loads(text)["stored"]), (200, 1))
            del headers["ce-id"]
            status, _, text = server.ask("POST", "/v1/events", '{"units": {"user": "u1"}}', headers)
            self.assertEqual(status, 400)


class Notices(unittest.TestCase):
    def test_bulk_names_the_stream_and_the_stream_tells_of_changes(self):
        with Server(BINARY) as server:
            start(server, EXPERIMENT)
            status, bulk = server.post("/ofrep/v1/evaluate/flags", USER)
            self.assertEqual(status, 200)
            [told] = bulk["eventStreams"]
            self.assertEqual((told["type"], list(told["endpoint"])), ("sse", ["requestUri"]))
            stream = Stream(server, told["endpoint"]["requestUri"])
            self.assertEqual(stream.response.status, 200)
            self.assertEqual(stream.response.getheader("Content-Type"), "text/event-stream")
            self.assertEqual(stream.response.getheader("X-Accel-Buffering"), "no")
            # The start was a moment ago: perhaps between the client's fetch and this stream.
            first = json.loads(stream.event())
            self.assertEqual(first["type"], "refetchEvaluation")
            start(server, EXPERIMENT.replace("ranker_v2", "second"))
            state = stream.event("id")
            notice = json.loads(stream.event())
            self.assertEqual((notice["type"], notice["etag"]), ("refetchEvaluation", state))
            self.assertNotEqual(notice["etag"], first["etag"])
            self.assertGreater(notice["lastModified"], 1.7e9)
            stream.close()
            # Whoever comes back knowing the present state is told nothing but where it stands.
            back = Stream(server, "/ofrep/v1/events", {"Last-Event-ID": state})
            self.assertEqual(back.event("id"), state)
            server.post("/v1/experiments/second/stop", "")
            self.assertEqual(json.loads(back.event())["etag"], self.state(server))
            back.close()
            behind = Stream(server, "/ofrep/v1/events", {"Last-Event-ID": state})
            self.assertEqual(json.loads(behind.event())["type"], "refetchEvaluation")
            metrics = server.ask("GET", "/metrics")[2]
            self.assertIn("assay_http_streams", metrics)
            self.assertNotIn("assay_http_connections 0", metrics)
            self.assertIn("assay_http_connections ", metrics)
            self.assertEqual(server.stop(), 0, server.read_log())
            self.assertIsNone(behind.event())
            behind.close()

    def state(self, server):
        stream = Stream(server, "/ofrep/v1/events")
        state = stream.event("id")
        stream.close()
        return state

    def test_who_fetched_before_a_crash_is_told_of_the_change_before_it(self):
        with Server(BINARY) as server:
            start(server, EXPERIMENT)
            _, headers, _ = server.ask("POST", "/ofrep/v1/evaluate/flags", USER)
            server.post("/v1/experiments/ranker_v2/stop", "")
            server.kill()
            server.start()
            state = self.state(server)
            stream = Stream(server, "/ofrep/v1/events")
            start(server, EXPERIMENT.replace("ranker_v2", "second"))
            self.assertEqual(json.loads(stream.event())["etag"], state)
            self.assertNotEqual(json.loads(stream.event())["etag"], state)
            stream.close()
            status, _, _ = server.ask("POST", "/ofrep/v1/evaluate/flags", USER,
                                      {"If-None-Match": headers["etag"]})
            self.assertEqual(status, 200)

    def test_a_stale_etag_gets_the_new_answer(self):
        with Server(BINARY) as server:
            start(server, EXPERIMENT)
            _, headers, _ = server.ask("POST", "/ofrep/v1/evaluate/flags", USER)
            old = {"If-None-Match": headers["etag"]}
            self.assertEqual(server.ask("POST", "/ofrep/v1/evaluate/flags", USER, old)[0], 304)
            server.post("/v1/experiments/ranker_v2/stop", "")
            status, fresh, _ = server.ask("POST", "/ofrep/v1/evaluate/flags?flagConfigEtag=x", USER,
                                          old)
            self.assertEqual(status, 200)
            self.assertNotEqual(fresh["etag"], headers["etag"])

    def test_streams_are_bounded(self):
        with Server(BINARY, arguments=["--max-streams", "2"]) as server:
            streams = [Stream(server, "/ofrep/v1/events") for _ in range(3)]
            self.assertEqual(sorted(s.response.status for s in streams), [200, 200, 503])
            for stream in streams:
                stream.close()


class Rules(unittest.TestCase):
    def test_the_snapshot_is_that_of_the_last_start_or_stop(self):
        def known(server, tag=""):
            status, headers, body = server.ask("GET", "/v1/snapshot", None, {"If-None-Match": tag})
            experiments = json.loads(body or "{}").get("experiments", [])
            return status, headers["etag"], {e["id"]: e["stopped"] for e in experiments}

        with Server(BINARY) as server:
            start(server, EXPERIMENT)
            status, first, stopped = known(server)
            self.assertEqual((status, stopped), (200, {"ranker_v2": False}))
            server.post("/v1/experiments", GROWTHBOOK, "application/yaml")
            self.assertEqual(known(server, first), (304, first, {}))
            server.post("/v1/experiments/ranker_gb/start", "", "application/json")
            status, second, stopped = known(server, first)
            self.assertEqual((status, stopped), (200, {"ranker_v2": False, "ranker_gb": False}))
            server.post("/v1/experiments/ranker_v2/stop", "", "application/json")
            status, third, stopped = known(server, second)
            self.assertEqual((status, stopped), (200, {"ranker_v2": True, "ranker_gb": False}))
            self.assertEqual(known(server, third)[0], 304)


class Pages(unittest.TestCase):
    def test_allowed_origins_may_ask_and_report_but_not_steer(self):
        shop = {"Origin": "https://shop.example"}
        with Server(BINARY, arguments=["--allow-origin", "https://shop.example"]) as server:
            start(server, EXPERIMENT)
            for path in ("/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/ranker_v2"):
                status, headers, _ = server.ask("OPTIONS", path, headers=shop)
                self.assertEqual(status, 204)
                self.assertEqual(headers["access-control-allow-origin"], shop["Origin"])
                self.assertIn("If-None-Match", headers["access-control-allow-headers"])
                status, headers, _ = server.ask("POST", path, USER, shop)
                self.assertEqual((status, headers["access-control-allow-origin"], headers["vary"]),
                                 (200, shop["Origin"], "Origin"))
            row = json.dumps(exposure("u1", "control"))
            self.assertEqual(server.ask("POST", "/v1/exposures", row, shop)[0], 200)
            self.assertEqual(server.ask("POST", "/v1/experiments/ranker_v2/stop", "", shop)[0], 403)
            self.assertEqual(server.ask("OPTIONS", "/v1/experiments", headers=shop)[0], 405)
            local = {"Origin": "http://localhost:3000"}
            self.assertEqual(server.ask("POST", "/ofrep/v1/evaluate/flags", USER, local)[0], 200)
            evil = {"Origin": "https://evil.example"}
            status, headers, _ = server.ask("POST", "/ofrep/v1/evaluate/flags", USER, evil)
            self.assertEqual(status, 403)
            self.assertNotIn("access-control-allow-origin", headers)
            self.assertEqual(server.ask("OPTIONS", "/v1/events", headers=evil)[0], 403)

    def test_bad_origins_and_keys_stop_the_start(self):
        for arguments in (["--allow-origin", "shop.example"], ["--client-key", "a b"]):
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run([BINARY, "serve", "--data", folder, *arguments],
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(arguments[1], done.stderr)


class Keys(unittest.TestCase):
    def test_a_client_key_opens_flags_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([BINARY, "serve", "--data", folder, "--create-token", "ci"],
                           capture_output=True, check=True)
            with Server(BINARY, folder, ["--client-key", "web-key-1"]) as server:
                bearer, key = {"Authorization": "Bearer web-key-1"}, {"X-API-Key": "web-key-1"}
                for headers, expected in (({}, 401), (bearer, 200), (key, 200)):
                    status, _, text = server.ask("POST", "/ofrep/v1/evaluate/flags", USER, headers)
                    self.assertEqual(status, expected)
                self.assertEqual(server.ask("GET", "/v1/experiments", headers=bearer)[0], 401)
                target = json.loads(text)["eventStreams"][0]["endpoint"]["requestUri"]
                self.assertIn("?ticket=", target)
                for path, expected in ((target, 200), (target + "x", 401), ("/sub/web-key-1", 200),
                                       ("/sub/other-key", 401), ("/api/features/web-key-1", 200),
                                       ("/api/features/other-key", 401)):
                    stream = Stream(server, path)
                    self.assertEqual(stream.response.status, expected, path)
                    stream.close()
                # The ticket is for listening only.
                status = server.ask("POST", target.replace("events", "evaluate/flags"), USER)[0]
                self.assertEqual(status, 401)
                # An EventSource comes back to the address that it knows, and gives up at a 401.
                server.kill()
                server.start()
                stream = Stream(server, target)
                self.assertEqual(stream.response.status, 200)
                stream.close()


class Growthbook(unittest.TestCase):
    def test_the_payload_and_what_is_left_out(self):
        with Server(BINARY) as server:
            start(server, EXPERIMENT)
            start(server, GROWTHBOOK)
            status, headers, text = server.ask("GET", "/api/features/any")
            self.assertEqual((status, headers["x-sse-support"]), (200, "enabled"))
            self.assertEqual(headers["vary"], "Origin", "who keeps it keeps it for one origin")
            self.assertEqual(headers["x-assay-left-out"], "1")
            features = json.loads(text)["features"]
            self.assertEqual(list(features), ["ranker_gb"])
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                file.write(text)
                file.flush()
                taken = subprocess.run([BINARY, "define", "--import", "growthbook", file.name,
                                        "--json"], capture_output=True, text=True, check=True)
            metrics = json.dumps({"primary": [{"name": "c", "type": "count", "event": "c"}]})
            (again,) = json.loads(taken.stdout)["experiments"]
            with Server(BINARY) as other:
                start(other, again["file"] + "  metrics: " + metrics + "\n")
                answer = other.ask("GET", "/api/features/any")[2]
            self.assertEqual(json.loads(answer)["features"], features)
            status, _, _ = server.ask("GET", "/api/features/any",
                                      headers={"If-None-Match": headers["etag"]})
            self.assertEqual(status, 304)
            _, shown = server.get("/v1/experiments/ranker_v2")
            self.assertIn("growthbook_v2", shown["not_in_growthbook"])
            self.assertNotIn("not_in_growthbook", server.get("/v1/experiments/ranker_gb")[1])
            stream = Stream(server, "/sub/any")
            self.assertEqual(json.loads(stream.event())["features"], features)
            start(server, GROWTHBOOK.replace("ranker_gb", "second"))
            self.assertEqual(stream.event("event"), "features")
            self.assertEqual(set(json.loads(stream.event())["features"]), {"ranker_gb", "second"})
            stream.close()


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
