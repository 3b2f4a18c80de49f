"""The first experiment from file to verdict through the real binary, and what may go wrong.

    python3 tests/e2e/serve_test.py build/release/bin/assay
"""
import http.client
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from server import EXPERIMENT, Server, event, exposure

BINARY = None


def failing(*arguments):
    """Status and stderr of a server that is not expected to start."""
    done = subprocess.run([BINARY, "serve", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


class Story(unittest.TestCase):
    """One experiment, all six verbs."""

    def test_from_file_to_verdict_and_over_a_restart(self):
        with Server(BINARY) as server:
            self.register(server)
            variants = self.evaluate(server)
            self.report(server, variants)
            self.await_verdict(server)
            self.assertEqual(server.stop(), 0, server.read_log())
            server.start()
            self.check_memory(server, variants)
            self.stop_experiment(server)
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_a_fixed_horizon_is_answered_once_and_a_stop_ends_what_counts(self):
        plan = EXPERIMENT.replace("method: frequentist_sequential", "method: frequentist_fixed")
        self.assertNotEqual(plan, EXPERIMENT)
        plan = plan.rstrip() + "\n  schedule: {sample_size_per_variant: 20}\n"
        with Server(BINARY) as server:
            status, made = server.post("/v1/experiments?start=true", plan, "application/yaml")
            self.assertEqual(status, 201, made)
            fresh = "/v1/scorecards/ranker_v2?fresh=true"
            self.expose(server, range(30))
            self.assertTrue(server.get(fresh)[1]["withheld"])
            self.expose(server, range(30, 100))
            answer = server.get(fresh)[1]
            self.assertFalse(answer["withheld"])
            self.expose(server, range(100, 200))
            self.assertEqual(server.get(fresh)[1]["as_of"], answer["as_of"])
            server.post("/v1/experiments/ranker_v2/stop", "")
            late = exposure("late", "control") | {"time": time.time() + 1}
            status, receipt = server.post("/v1/exposures", late)
            self.assertEqual(status, 400)
            self.assertIn("stopped at", receipt["rejected"][0]["message"])

    def test_a_bandit_sets_the_weights_of_an_adaptive_experiment(self):
        plan = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true\n"
                                  "  adaptive: {floor: 10%}")
        path = "/v1/experiments/ranker_v2/weights"
        good = {"allocation": {"control": 0.2, "treatment": 0.8}}
        with Server(BINARY) as server:
            self.assertEqual(server.post(path, good)[0], 404)
            server.post("/v1/experiments", plan, "application/yaml")
            self.assertEqual(server.post(path, good)[0], 409)
            server.post("/v1/experiments/ranker_v2/start", "")
            before = self.flag(server, "u1")
            self.assertEqual(before["metadata"]["propensity"], 0.5)
            status, changed = server.post(path, good)
            self.assertEqual((status, changed["version"]), (200, 2), changed)
            after = self.flag(server, "u1")
            self.assertEqual(after["variant"], before["variant"])
            self.assertEqual((after["metadata"]["propensity"], after["metadata"]["epoch"]),
                             (0.5, 0))
            fresh = self.flag(server, "u2")
            self.assertEqual(fresh["metadata"]["propensity"],
                             0.2 if fresh["variant"] == "control" else 0.8)
            for bad, why in (({"control": 0.05, "treatment": 0.95}, "less than the floor of 10%"),
                             ({"control": 0.5, "treatment": 0.4}, "shares add to"),
                             ({"control": 1}, "has no share")):
                status, answer = server.post(path, {"allocation": bad})
                self.assertEqual(status, 400)
                self.assertIn(why, str(answer))

    def flag(self, server, user):
        status, flag = server.post("/ofrep/v1/evaluate/flags/ranker_v2",
                                   {"context": {"targetingKey": user}})
        self.assertEqual(status, 200, flag)
        return flag

    def expose(self, server, numbers):
        lines = [exposure(f"f{i}", "control" if i % 2 else "treatment") for i in numbers]
        self.assertEqual(server.post_lines("/v1/exposures", lines)[0], 200)
        clicks = [event(f"fc{i}", f"f{i}") for i in numbers if i % 3 == 0]
        self.assertEqual(server.post_lines("/v1/events", clicks)[0], 200)

    def register(self, server):
        status, made = server.post("/v1/experiments", EXPERIMENT, "application/yaml")
        self.assertEqual((status, made["state"], made["version"]), (201, "draft", 1))
        status, again = server.post("/v1/experiments", EXPERIMENT, "application/yaml")
        self.assertEqual((status, again["fingerprint"]), (200, made["fingerprint"]))
        changed = EXPERIMENT.replace("alpha: 0.05", "alpha: 0.01")
        self.assertEqual(server.post("/v1/experiments", changed)[0], 201)
        status, back = server.post("/v1/experiments", EXPERIMENT)
        self.assertEqual((status, back["version"]), (201, 3))
        status, running = server.post("/v1/experiments/ranker_v2/start", "")
        self.assertEqual((status, running["state"]), (200, "running"))
        self.assertEqual(server.post("/v1/experiments/ranker_v2/start", "")[0], 409)
        status, frozen = server.post("/v1/experiments", changed)
        self.assertEqual((status, frozen["code"]), (409, "conflict"))
        self.assertIn("analysis.alpha", frozen["message"])

    def evaluate(self, server):
        """Unit to variant, over OFREP and the same in bulk."""
        variants = {}
        for i in range(40):
            unit = f"u{i}"
            status, flag = server.post("/ofrep/v1/evaluate/flags/ranker_v2",
                                       {"context": {"targetingKey": unit}})
            self.assertEqual((status, flag["key"], flag["reason"]), (200, "ranker_v2", "SPLIT"))
            variants[unit] = flag["variant"]
        status, rows = server.post("/v1/assignments", {"experiment": "ranker_v2",
                                                       "units": [{"id": u} for u in variants]})
        self.assertEqual(status, 200)
        self.assertEqual({r["unit"]: r["variant"] for r in rows["assignments"]}, variants)
        status, headers, _ = server.ask("POST", "/ofrep/v1/evaluate/flags",
                                        '{"context":{"targetingKey":"u1"}}')
        self.assertEqual(status, 200)
        status, _, body = server.ask("POST", "/ofrep/v1/evaluate/flags",
                                     '{"context":{"targetingKey":"u1"}}',
                                     {"If-None-Match": headers["etag"]})
        self.assertEqual((status, body), (304, ""))
        status, headers, body = server.ask("GET", "/v1/snapshot")
        self.assertEqual((status, json.loads(body)["experiments"][0]["id"]), (200, "ranker_v2"))
        status, _, body = server.ask("GET", "/v1/snapshot", None,
                                     {"If-None-Match": headers["etag"]})
        self.assertEqual((status, body), (304, ""))
        units = [{"id": f"n{i}"} for i in range(4000)]
        _, rows = server.post("/v1/assignments", {"experiment": "ranker_v2", "units": units})
        variants.update({r["unit"]: r["variant"] for r in rows["assignments"]})
        return variants

    def report(self, server, variants):
        exposures = [exposure(unit, variant) for unit, variant in variants.items()]
        status, receipt = server.post_lines("/v1/exposures", exposures)
        self.assertEqual((status, receipt["stored"], receipt["duplicates"]),
                         (200, len(exposures), 0))
        status, receipt = server.post_lines("/v1/exposures", exposures[:100])
        self.assertEqual((receipt["stored"], receipt["duplicates"]), (0, 100))
        # The treatment clicks twice as often.
        clicks = [event(f"c-{unit}", unit) for i, (unit, variant) in enumerate(variants.items())
                  if i % 10 < (4 if variant == "treatment" else 2)]
        lines = [json.dumps(click) for click in clicks]
        lines[3:3] = ["{not json", json.dumps({"id": "no-name", "units": {"user": "u"}})]
        status, receipt = server.post("/v1/events", "\n".join(lines), "application/x-ndjson")
        self.assertEqual((status, receipt["stored"]), (200, len(clicks)))
        self.assertEqual([r["line"] for r in receipt["rejected"]], [4, 5])

    def await_verdict(self, server):
        card = server.wait_for("/v1/scorecards/ranker_v2",
                               lambda c: sum(arm["n"] for arm in c["units"]) == 4040)
        self.assertTrue(card["trusted"], card["trust"])
        lift = card["comparisons"][0]
        self.assertAlmostEqual(lift["estimate"], 0.2, delta=0.06)
        self.assertTrue(lift["significant"])
        verdict = server.wait_for("/v1/verdicts/ranker_v2", lambda v: v["decision"] == "ship")
        self.assertTrue(verdict["reasons"])
        _, headers, _ = server.ask("GET", "/v1/experiments")
        _, listed = server.get("/v1/experiments")
        self.assertEqual(listed["experiments"][0]["units"], 4040)
        self.assertEqual(listed["experiments"][0]["verdict"]["decision"], "ship")
        self.assertEqual(listed["experiments"][0]["primary"]["metric"], "click_rate")
        self.assertIn("etag", headers)
        history = server.wait_for("/v1/scorecards/ranker_v2/history",
                                  lambda h: len(h["points"]) >= 2)
        self.assertEqual(sum(history["points"][-1]["units"].values()), 4040)

    def check_memory(self, server, variants):
        status, verdict = server.get("/v1/verdicts/ranker_v2")
        self.assertEqual((status, verdict["decision"]), (200, "ship"))
        for unit in list(variants)[:20]:
            _, flag = server.post("/ofrep/v1/evaluate/flags/ranker_v2",
                                  {"context": {"targetingKey": unit}})
            self.assertEqual(flag["variant"], variants[unit])
        status, receipt = server.post_lines("/v1/events", [event("c-late", "u1")])
        self.assertEqual(receipt["stored"], 1)
        status, receipt = server.post_lines("/v1/events", [event("c-late", "u1")])
        self.assertEqual((receipt["stored"], receipt["duplicates"]), (0, 1))

    def stop_experiment(self, server):
        status, stopped = server.post("/v1/experiments/ranker_v2/stop", "")
        self.assertEqual((status, stopped["state"]), (200, "stopped"))
        self.assertEqual(server.post("/v1/experiments/ranker_v2/stop", "")[0], 409)
        server.get("/v1/scorecards/ranker_v2?fresh=true")  # Behind the last look, so nothing moves.
        for path in ("/v1/experiments", "/v1/scorecards/ranker_v2"):
            _, headers, _ = server.ask("GET", path)
            status, _, body = server.ask("GET", path, headers={"If-None-Match": headers["etag"]})
            self.assertEqual((status, body), (304, ""), path)
        _, flag = server.post("/ofrep/v1/evaluate/flags/ranker_v2",
                              {"context": {"targetingKey": "u1"}})
        self.assertEqual(flag["reason"], "DISABLED")


class Changes(unittest.TestCase):
    """What a running experiment may still change."""

    def test_traffic_may_only_rise_and_opens_an_epoch(self):
        def text(traffic):
            return f"{EXPERIMENT}  traffic: {traffic}\n"

        with Server(BINARY) as server:
            status, made = server.post("/v1/experiments?start=true", text(0.2))
            self.assertEqual((status, made["state"]), (201, "running"), made)
            units = [{"id": f"u{i}"} for i in range(2000)]
            ask = {"experiment": "ranker_v2", "units": units}

            def inside():
                _, rows = server.post("/v1/assignments", ask)
                return {r["unit"]: r["variant"] for r in rows["assignments"] if "variant" in r}

            before = inside()
            status, raised = server.post("/v1/experiments", text(0.6))
            self.assertEqual((status, raised["version"]), (201, 2), raised)
            after = inside()
            self.assertGreater(len(after), 2 * len(before))
            self.assertEqual({u: after[u] for u in before}, before)
            status, lowered = server.post("/v1/experiments", text(0.3))
            self.assertEqual(status, 409)
            self.assertIn("traffic", lowered["message"])

    def test_undefined_metrics_and_crowded_layers_do_not_start(self):
        with Server(BINARY) as server:
            vague = EXPERIMENT.replace(", event: click", "").replace("ranker_v2", "vague")
            status, made = server.post("/v1/experiments", vague)
            self.assertEqual(status, 201, made)
            self.assertTrue(made["warnings"])
            status, refused = server.post("/v1/experiments/vague/start", "")
            self.assertEqual(status, 409)
            self.assertIn("click_rate", refused["message"])
            for name in ("first", "second"):
                text = EXPERIMENT.replace("ranker_v2", name) + "  layer: page\n"
                self.assertEqual(server.post("/v1/experiments", text)[0], 201)
            self.assertEqual(server.post("/v1/experiments/first/start", "")[0], 200)
            status, refused = server.post("/v1/experiments/second/start", "")
            self.assertEqual(status, 409, refused)
            self.assertIn("first", refused["message"])
            self.assertIn("second", refused["message"])
            at_once = EXPERIMENT.replace("ranker_v2", "third") + "  layer: page\n"
            status, refused = server.post("/v1/experiments?start=true", at_once)
            self.assertEqual(status, 409, refused)
            self.assertIn("third", refused["message"])
            self.assertEqual(server.get("/v1/experiments/third")[0], 404, "no draft stays")


class BadInput(unittest.TestCase):
    """A clear answer each time."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY)
        cls.server.post("/v1/experiments?start=true", EXPERIMENT)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_a_bad_file_names_every_problem(self):
        text = EXPERIMENT.replace("alpha: 0.05", "alpha: 5")
        text = text.replace("weight: 0.5", "weigth: 0.5", 1)
        status, failure = self.server.post("/v1/experiments", text)
        self.assertEqual((status, failure["code"]), (400, "invalid"))
        self.assertGreaterEqual(len(failure["problems"]), 2)
        self.assertTrue(all(p["line"] > 0 for p in failure["problems"]))

    def test_start_is_true_or_false(self):
        plan = EXPERIMENT.replace("ranker_v2", "started_maybe")
        status, answer = self.server.post("/v1/experiments?start=yes", plan)
        self.assertEqual(status, 400)
        self.assertIn("start=yes is neither true nor false", json.dumps(answer))
        self.assertEqual(self.server.get("/v1/experiments/started_maybe")[0], 404)
        status, answer = self.server.get("/v1/scorecards/ranker_v2?fresh=yes")
        self.assertEqual((status, answer["code"]), (400, "invalid"))
        self.assertIn("fresh=yes is neither true nor false", answer["message"])

    def test_a_plan_that_can_never_start_is_refused_when_it_is_sent(self):
        plan = EXPERIMENT.replace("ranker_v2", "never").replace(
            "  name: Ranker", "  name: Ranker\n  salt: \"layer:never\"")
        status, answer = self.server.post("/v1/experiments", plan)
        self.assertEqual((status, answer["code"]), (400, "invalid"))
        self.assertEqual([one["field"] for one in answer["problems"]], ["never.salt"])
        self.assertEqual(self.server.get("/v1/experiments/never")[0], 404)

    def test_unknown_things_are_404(self):
        self.server.post("/v1/experiments", EXPERIMENT.replace("ranker_v2", "draft"))
        self.assertEqual(self.server.get("/v1/scorecards/draft?fresh=true")[0], 404)
        for path in ("/v1/experiments/none", "/v1/scorecards/none", "/v1/verdicts/none",
                     "/v1/scorecards/none/history", "/v1/nothing"):
            status, failure = self.server.get(path)
            self.assertEqual((status, failure["code"]), (404, "not_found"), path)
        status, flag = self.server.post("/ofrep/v1/evaluate/flags/none",
                                        {"context": {"targetingKey": "u"}})
        self.assertEqual((status, flag["errorCode"]), (404, "FLAG_NOT_FOUND"))
        self.assertEqual(self.server.ask("DELETE", "/v1/experiments")[0], 405)

    def test_exposures_of_unknown_experiments_are_rejected(self):
        rows = [exposure("u1", "control"), exposure("u1", "control", "none"),
                {**exposure("u2", "control"), "variant": "blue"}]
        status, receipt = self.server.post_lines("/v1/exposures", rows)
        self.assertEqual((status, receipt["stored"]), (200, 1))
        self.assertEqual([r["line"] for r in receipt["rejected"]], [2, 3])
        status, receipt = self.server.post_lines("/v1/exposures", rows[1:])
        self.assertEqual((status, receipt["stored"]), (400, 0))

    def test_exposures_of_another_variant_than_assigned_are_counted(self):
        units = [{"id": f"differs{i}"} for i in range(40)]
        _, rows = self.server.post("/v1/assignments", {"experiment": "ranker_v2", "units": units})
        variants = {r["unit"]: r["variant"] for r in rows["assignments"] if r.get("variant")}
        other = {"control": "treatment", "treatment": "control"}
        told = [exposure(unit, other[variant] if i < 3 else variant)
                for i, (unit, variant) in enumerate(variants.items())]
        status, receipt = self.server.post_lines("/v1/exposures", told)
        self.assertEqual((status, receipt["stored"], receipt["differing"]), (200, len(told), 3))
        status, receipt = self.server.post_lines("/v1/exposures", [
            exposure("differs_not", "control", "ranker_v2") | {"override": True}])
        self.assertEqual((status, "differing" in receipt), (200, False))
        _, _, text = self.server.ask("GET", "/metrics")
        self.assertRegex(text, r"assay_exposures_differing_total [1-9]")

    def test_scorecards_count_units_of_another_variant_than_assigned(self):
        self.server.post("/v1/experiments?start=true", EXPERIMENT.replace("ranker_v2", "mixed_up"))
        units = [{"id": f"mixed{i}"} for i in range(40)]
        _, rows = self.server.post("/v1/assignments", {"experiment": "mixed_up", "units": units})
        variants = {r["unit"]: r["variant"] for r in rows["assignments"]}

        def found():
            status, card = self.server.get("/v1/scorecards/mixed_up?fresh=true")
            self.assertEqual(status, 200, card)
            return next(c for c in card["trust"] if c["name"] == "assignment")

        self.server.post_lines("/v1/exposures", [exposure(unit, variant, "mixed_up")
                                                 for unit, variant in variants.items()])
        check = found()
        self.assertEqual((check["status"], check["message"]),
                         ("ok", "The recorded variant is the assigned one in 40 units."))
        _, rows = self.server.post("/v1/assignments", {"experiment": "mixed_up",
                                                       "units": [{"id": "late"}]})
        assigned = rows["assignments"][0]["variant"]
        other = {"control": "treatment", "treatment": "control"}[assigned]
        self.server.post_lines("/v1/exposures", [exposure("late", other, "mixed_up")])
        check = found()
        self.assertEqual(check["status"], "warning")
        self.assertRegex(check["message"], "^1 of 41 units have another variant than the plan "
                         f"assigns: the first, exposed at 2.*Z, has {other} where {assigned} is "
                         r"assigned\. They count as recorded\.$")
        self.server.post("/v1/experiments/mixed_up/stop", "")
        self.assertEqual(found(), check, "also once it has stopped")

    def test_receipt_and_scorecard_count_the_same_units_outside_of_the_experiment(self):
        self.server.post("/v1/experiments?start=true", EXPERIMENT.replace(
            "id: ranker_v2",
            "id: few\n  traffic: 0.1\n  targeting: {attribute: country, equals: IN}"))
        units = [{"id": f"few{i}", "attributes": {"country": "IN"}} for i in range(40)]
        _, rows = self.server.post("/v1/assignments", {"experiment": "few", "units": units})
        outside = sum("variant" not in r for r in rows["assignments"])
        self.assertGreater(outside, 20)
        status, receipt = self.server.post_lines("/v1/exposures", [
            exposure(r["unit"], r.get("variant", "control"), "few") for r in rows["assignments"]])
        self.assertEqual((status, receipt["stored"], receipt["differing"]), (200, 40, outside))
        _, card = self.server.get("/v1/scorecards/few?fresh=true")
        check = next(c for c in card["trust"] if c["name"] == "assignment")
        self.assertRegex(check["message"], f"^{outside} of 40 units have another variant than .*"
                         "where no variant is assigned")

    def test_oversized_bodies_are_413(self):
        status, failure = self.server.post("/v1/events", " " * (9 << 20))
        self.assertEqual((status, failure["code"]), (413, "invalid"))
        status, _ = self.server.post("/v1/experiments", "#" * (2 << 20))
        self.assertEqual(status, 413)

    def test_pages_of_other_sites_are_kept_out(self):
        status = self.server.ask("GET", "/v1/experiments", headers={"Host": "evil.example"})[0]
        self.assertEqual(status, 421)
        status = self.server.ask("POST", "/v1/experiments/ranker_v2/stop",
                                 headers={"Origin": "http://evil.example"})[0]
        self.assertEqual(status, 403)

    def test_health_and_metrics(self):
        self.assertEqual(self.server.get("/healthz")[0], 200)
        self.assertEqual(self.server.get("/readyz")[0], 200)
        self.server.post("/ofrep/v1/evaluate/flags/ranker_v2", {"context": {"targetingKey": "u"}})
        status, headers, text = self.server.ask("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertTrue(headers["content-type"].startswith("text/plain"))
        self.assertIn("assay_http_requests_total", text)
        self.assertIn('assay_evaluations_total{experiment="ranker_v2",reason="split"', text)


class Operation(unittest.TestCase):
    """One process, one directory, one port."""

    def test_a_second_process_is_told_who_holds_the_directory(self):
        with Server(BINARY) as server:
            status, text = failing("--data", server.folder, "--listen", "127.0.0.1:0")
            self.assertEqual(status, 1)
            self.assertIn(str(server.process.pid), text)
            self.assertEqual(os.stat(server.folder).st_mode & 0o077, 0)

    def test_a_terminal_that_closes_ends_it_cleanly_but_for_nohup(self):
        with Server(BINARY) as server:
            server.process.send_signal(signal.SIGHUP)
            self.assertEqual(server.process.wait(60), 0)
            self.assertIn('"event":"stopped"', server.read_log())
        ignoring = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As nohup does.
        with Server(BINARY, before=ignoring) as server:
            server.process.send_signal(signal.SIGHUP)
            self.assertEqual(server.get("/healthz")[0], 200)
            self.assertEqual(server.stop(), 0)
            self.assertNotIn("SIGHUP", server.read_log())

    def test_a_port_in_use_is_named(self):
        with Server(BINARY) as server, tempfile.TemporaryDirectory() as other:
            status, text = failing("--data", other, "--listen", f"127.0.0.1:{server.port}")
            self.assertEqual(status, 1)
            self.assertIn(f"127.0.0.1:{server.port} is in use", text)

    def test_bad_options_are_exit_status_2(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(failing("--data", folder, "--listen", "nowhere")[0], 2)
            status, text = failing("--data", folder, "--listen", "192.0.2.1:0", "--insecure")
            self.assertEqual(status, 2)
            self.assertIn("not an address of this machine", text)
            status, text = failing("--data", folder, "--listen", "0.0.0.0:0")
            self.assertEqual(status, 2)
            self.assertIn("--create-token", text)

    def test_data_of_a_newer_version_is_left_alone(self):
        with Server(BINARY) as server:
            self.assertEqual(server.stop(), 0)
            with sqlite3.connect(os.path.join(server.folder, "records.sqlite")) as records:
                records.execute("PRAGMA user_version = 9999")
            records.close()
            status, text = failing("--data", server.folder, "--listen", "127.0.0.1:0")
            self.assertEqual(status, 1)
            self.assertIn("newer", text)

    def test_tokens_are_demanded_once_one_exists(self):
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run([BINARY, "serve", "--data", folder, "--create-token", "ci"],
                                  capture_output=True, text=True, check=True, timeout=60)
            token = made.stdout.strip()
            with Server(BINARY, folder) as server:
                self.assertEqual(server.ask("GET", "/v1/experiments")[0], 401)
                self.assertEqual(server.ask("GET", "/healthz")[0], 200)
                bearer = {"Authorization": f"Bearer {token}"}
                for _ in range(2):
                    self.assertEqual(server.ask("GET", "/v1/experiments", headers=bearer)[0], 200)
                plan = EXPERIMENT.replace("id: ranker_v2", "id: ranker_v2\n  sticky: true\n"
                                          "  adaptive: {floor: 10%}")
                for path, body in (("", plan), ("/ranker_v2/start", ""),
                                   ("/ranker_v2/weights",
                                    '{"allocation": {"control": 1, "treatment": 3}}'),
                                   ("/ranker_v2/stop", "")):
                    path = "/v1/experiments" + path
                    self.assertEqual(server.ask("POST", path, body)[0], 401)
                    self.assertLess(server.ask("POST", path, body, bearer)[0], 300, path)
                self.assertEqual(server.stop(), 0)
            records = sqlite3.connect(os.path.join(folder, "records.sqlite"))
            trail = records.execute("SELECT actor, action FROM audit WHERE subject = 'ranker_v2'"
                                    " AND action != 'verdict' ORDER BY at, rowid").fetchall()
            records.close()
            self.assertEqual([actor for actor, _ in trail], ["ci"] * 4, trail)
            self.assertEqual([action for _, action in trail][1:], ["start", "weights", "stop"])

    def test_tls_serves_https(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                            "1", "-subj", "/CN=localhost", "-addext",
                            "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                           check=True, capture_output=True, timeout=60)
            arguments = ["--tls-certificate", certificate, "--tls-key", key]
            with Server(BINARY, arguments=arguments) as server:
                trusting = ssl.create_default_context(cafile=certificate)
                connection = http.client.HTTPSConnection("localhost", server.port, timeout=30,
                                                         context=trusting)
                for _ in range(3):
                    connection.request("POST", "/v1/events", "x" * 100_000)
                    response = connection.getresponse()
                    self.assertEqual(response.status, 400)
                    self.assertIn("rejected", json.loads(response.read()))
                connection.close()
                self.assertEqual(server.stop(), 0)

    def test_the_dashboard_is_served_with_its_headers(self):
        with tempfile.TemporaryDirectory() as pages:
            with open(os.path.join(pages, "index.html"), "w", encoding="utf-8") as page:
                page.write("<html>assay</html>")
            with Server(BINARY, arguments=["--dashboard", pages]) as server:
                for path in ("/", "/index.html", "/experiments/ranker_v2"):
                    status, headers, text = server.ask("GET", path)
                    self.assertEqual((status, text), (200, "<html>assay</html>"))
                    self.assertIn("frame-ancestors 'none'", headers["content-security-policy"])
                    self.assertEqual(headers["x-content-type-options"], "nosniff")
                self.assertEqual(server.ask("GET", "/../secret")[0], 200)  # The page, not a file.
                self.assertEqual(server.ask("GET", "/missing.js")[0], 404)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
