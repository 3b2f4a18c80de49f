"""Weights that change on a live server: who may, what the audit trail says, and that nobody moves.

    python3 tests/e2e/weights_test.py build/release/bin/assay
"""
import collections
import http.client
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest

from server import EXPERIMENT, Server

BINARY = None
WEIGHTS = "/v1/experiments/ranker_v2/weights"
ADAPTIVE = EXPERIMENT.replace("  name: Ranker", "  name: Ranker\n  sticky: true\n"
                              "  adaptive: {floor: 1%}\n  exposure: on_evaluation")


def allocation(control):
    """A body that gives control this percentage."""
    return json.dumps({"allocation": {"control": f"{control}%", "treatment": f"{100 - control}%"}})


def query(folder, file, sql):
    store = sqlite3.connect(os.path.join(folder, file))
    try:
        return store.execute(sql).fetchall()
    finally:
        store.close()


def token_of(folder, name):
    made = subprocess.run([BINARY, "serve", "--data", folder, "--create-token", name],
                          capture_output=True, text=True, check=True, timeout=60)
    return {"Authorization": f"Bearer {made.stdout.strip()}"}


def changes_of_weights(folder):
    """As an auditor reads them: when, who, from and to (control's share), and which epoch began."""
    versions = {}
    for number, plan in query(folder, "records.sqlite", "SELECT number, plan_json FROM versions"
                                                        " WHERE experiment = 'ranker_v2'"):
        weights = {one["key"]: one["weight"] for one in json.loads(plan)["variants"]}
        versions[number] = round(100 * weights["control"] / sum(weights.values()))
    epochs = dict(query(folder, "records.sqlite", "SELECT version, started_at FROM epochs"
                                                  " WHERE experiment = 'ranker_v2'"))
    changes = []
    for at, actor, detail in query(folder, "records.sqlite", "SELECT at, actor, detail FROM audit"
                                   " WHERE action = 'weights' ORDER BY id"):
        number = int(detail.split(",")[0].removeprefix("version "))
        assert epochs[number] == at, "the epoch begins with its change"
        changes.append((at, actor, versions[number - 1], versions[number]))
    return changes


class WhoMay(unittest.TestCase):
    def stored(self, folder):
        """All but the verdicts, which the server finds by itself."""
        own = "(SELECT * FROM audit WHERE actor != 'assay')"
        return [query(folder, "records.sqlite", f"SELECT * FROM {table}")
                for table in ("versions", "epochs", "experiments", own)]

    def test_without_a_token_nothing_changes_and_the_trail_says_who_did(self):
        with tempfile.TemporaryDirectory() as folder:
            ana, bandit = token_of(folder, "ana"), token_of(folder, "bandit")
            with Server(BINARY, folder, ["--client-key", "web-key-1"]) as server:
                path = "/v1/experiments?start=true"
                self.assertEqual(server.ask("POST", path, ADAPTIVE, ana)[0], 201)
                before = server.ask("GET", "/v1/experiments/ranker_v2", None, ana)[2]
                stored = self.stored(folder)
                cut = {"Authorization": bandit["Authorization"][:-1]}
                for headers in ({}, {"Authorization": "Bearer wrong"}, cut,
                                {"Authorization": "Bearer web-key-1"}, {"X-API-Key": "web-key-1"},
                                {"Origin": "https://shop.example"},
                                {"Authorization": ana["Authorization"].replace("Bearer", "Basic")}):
                    status, _, text = server.ask("POST", WEIGHTS, allocation(90), headers)
                    self.assertIn(status, (401, 403), (headers, text))
                for body in (allocation(100), "{}", "", allocation(50)[:-5]):
                    self.assertEqual(server.ask("POST", WEIGHTS, body, bandit)[0], 400, body)
                self.assertEqual(server.ask("GET", "/v1/experiments/ranker_v2", None, ana)[2],
                                 before)
                self.assertEqual(self.stored(folder), stored)
                steps = [(bandit, 90), (ana, 40), (ana, 40), (bandit, 70)]
                for who, control in steps:
                    self.assertEqual(server.ask("POST", WEIGHTS, allocation(control), who)[0], 200)
                expected = [("bandit", 50, 90), ("ana", 90, 40), ("bandit", 40, 70)]
                changes = changes_of_weights(folder)
                self.assertEqual([one[1:] for one in changes], expected, "the same is no change")
                times = [one[0] for one in changes]
                self.assertEqual(times, sorted(times))
                server.kill()
                server.start()
                self.assertEqual(changes_of_weights(folder), changes)
                self.assertEqual(server.ask("POST", WEIGHTS, allocation(20), ana)[0], 200)
                self.assertEqual(changes_of_weights(folder)[:-1], changes)
                self.assertEqual(changes_of_weights(folder)[-1][1:], ("ana", 70, 20))
                self.assertEqual(server.stop(), 0, server.read_log())


class NobodyMoves(unittest.TestCase):
    """Units are asked for all the time, also by several at once, while the weights change and the
    server is stopped, killed and started; the answers are counted here, apart from the server."""
    CHANGES = 20

    def setUp(self):
        self.draw = random.Random(20)
        self.first = {}  # What each unit was answered first: variant, epoch.
        self.moved = []
        self.lock = threading.Lock()

    def ask(self, connection, unit):
        """Asks and compares; nothing where the server went away."""
        try:
            connection.request("POST", "/ofrep/v1/evaluate/flags/ranker_v2",
                               json.dumps({"context": {"targetingKey": unit}}))
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            return
        if response.status != 200:
            self.moved.append((unit, answer))
            return
        drawn = answer["variant"], answer["metadata"]["epoch"]
        share = self.shares[answer["metadata"]["epoch"]]
        said = round(100 * answer["metadata"]["propensity"])
        with self.lock:
            if self.first.setdefault(unit, drawn) != drawn:
                self.moved.append((unit, self.first[unit], drawn))
            if said != (share if answer["variant"] == "control" else 100 - share):
                self.moved.append((unit, answer, share))

    def ask_until(self, server, units, done):
        """Half of the time for somebody who was there before."""
        draw = random.Random(units)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for number in range(100_000):
            if done.is_set() and number >= 50:
                break
            number = number if number % 2 == 0 else draw.randrange(number)
            self.ask(connection, f"{units}-{number}")
        connection.close()

    def test_through_twenty_changes_and_restarts(self):
        self.shares = [50]  # Control's, by epoch.
        with Server(BINARY) as server:
            self.assertEqual(server.post("/v1/experiments?start=true", ADAPTIVE)[0], 201)
            for change in range(self.CHANGES):
                done = threading.Event()
                threads = [threading.Thread(target=self.ask_until, args=(server, name, done))
                           for name in (f"old{change % 4}", f"new{change}")]
                for thread in threads:
                    thread.start()
                self.shares.append(self.draw.choice([x for x in range(1, 100)
                                                     if x != self.shares[-1]]))
                status, answer = server.post(WEIGHTS, allocation(self.shares[-1]))
                self.assertEqual(status, 200, answer)
                if change % 5 == 4:
                    server.kill() if change % 2 else self.assertEqual(server.stop(), 0)
                done.set()
                for thread in threads:
                    thread.join()
                if change % 5 == 4:
                    server.start()
            self.assertEqual(self.moved, [])
            self.assertGreater(len(self.first), 500)
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            for unit in list(self.first):
                self.ask(connection, unit)
            connection.close()
            self.assertEqual(self.moved, [], "asked again at the end")
            self.check_what_is_stored(server)

    def check_what_is_stored(self, server):
        """Answers that a kill cut off may be remembered without having been heard."""
        by_variant = collections.Counter(variant for variant, _ in self.first.values())
        card = server.wait_for("/v1/scorecards/ranker_v2?fresh=true", lambda card: sum(
            arm["n"] for arm in card["units"]) >= len(self.first))
        counted = {arm["variant"]: arm["n"] for arm in card["units"]}
        self.assertEqual(server.stop(), 0, server.read_log())
        remembered = {unit: (variant, epoch) for unit, variant, epoch in query(
            server.folder, "sticky.sqlite", "SELECT unit_id, variant, epoch FROM remembered"
            " WHERE experiment = 'ranker_v2' AND unit_kind = 'user'")}
        self.assertEqual({unit: remembered.get(unit) for unit in self.first}, self.first)
        unheard = len(remembered) - len(self.first)
        self.assertLessEqual(unheard, 2 * 4)
        for variant, count in by_variant.items():
            self.assertLessEqual(abs(counted[variant] - count), unheard, variant)
        self.assertEqual([to for _, _, _, to in changes_of_weights(server.folder)], self.shares[1:])
        for epoch, share in enumerate(self.shares):
            drawn = [variant == "control" for variant, of in remembered.values() if of == epoch]
            spread = 5 * (share * (100 - share) / 10_000 * max(len(drawn), 1)) ** 0.5
            self.assertLess(abs(sum(drawn) - share / 100 * len(drawn)), spread + 1, epoch)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
