"""Input that means harm, or means nothing, at every door: a clear refusal or the right answer, and
a server that goes on as before.

    python3 tests/e2e/hostile_test.py build/release/bin/assay
"""
import http.client
import json
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from server import EXPERIMENT, Server, event

BINARY = None
FLAG = "/ofrep/v1/evaluate/flags/ranker_v2"
BULK = "/ofrep/v1/evaluate/flags"
DOORS = (FLAG, BULK, "/v1/assignments", "/v1/interleavings", "/v1/events", "/v1/exposures",
         "/v1/experiments", "/v1/experiments/sticky/weights", "/v1/stats/welch_t")
STICKY = EXPERIMENT.replace("id: ranker_v2",
                            "id: sticky\n  sticky: true\n  adaptive: {floor: 10%}")
EXPOSED = EXPERIMENT.replace("id: ranker_v2", "id: ranker_v2\n  exposure: on_evaluation")


def memory_mib(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(BINARY)
        for text in (EXPOSED, STICKY):
            status, answer = cls.server.post("/v1/experiments?start=true", text, "application/yaml")
            assert status == 201, answer

    @classmethod
    def tearDownClass(cls):
        status, log = cls.server.stop(), cls.server.read_log()
        cls.server.__exit__()
        assert status == 0 and "ERROR: " not in log, log[-5000:]

    def ask(self, path, body, headers=None):
        """Status and answer; every answer is JSON and names what is wrong."""
        status, _, text = self.server.ask("POST", path, body, headers)
        answer = json.loads(text) if text else None
        if status >= 400:
            self.assertTrue("errorCode" in answer or "message" in json.dumps(answer), text[:300])
        return status, answer

    def flag(self, context, key="ranker_v2"):
        return self.ask(f"{BULK}/{key}", json.dumps({"context": context}))

    def test_ids_of_every_length(self):
        for size in (1, 255, 256, 257, 1 << 20):
            unit = "x" * size
            for key in ("ranker_v2", "sticky"):
                status, first = self.flag({"targetingKey": unit}, key)
                self.assertEqual((status, first["reason"]), (200, "SPLIT"), size)
                status, again = self.flag({"targetingKey": unit}, key)
                self.assertEqual((status, again["variant"]), (200, first["variant"]))
            status, rows = self.ask("/v1/assignments", json.dumps({"units": [{"id": unit}]}))
            self.assertEqual(status, 200)
            self.assertEqual({row["reason"] for row in rows["assignments"]}, {"split", "sticky"})
            status, receipt = self.ask("/v1/events", json.dumps(event(f"e{size}", unit)))
            self.assertEqual(status, 200 if size <= 256 else 400, receipt)
        self.assertEqual(self.flag({"targetingKey": ""})[0], 400)
        self.assertEqual(self.ask(BULK, '{"context":{"targetingKey":""}}')[0], 400)
        status, rows = self.ask("/v1/assignments", '{"units":[{"id":""}]}')
        self.assertEqual({row["reason"] for row in rows["assignments"]}, {"no_unit"})
        time.sleep(0.5)  # What is exposed is stored a moment later.
        lost = [line for line in self.server.read_log().splitlines() if "exposures_lost" in line]
        self.assertEqual(lost, [])

    def test_broken_text_at_every_door(self):
        for path in DOORS:
            for body in (b"\xff\xfe", b'{"context":{"targetingKey":"\xff"}}', b'{"\xc3":1}',
                         b'{"request":"\xff","salt":"s","rankings":{"control":["\xff"]}}',
                         b'{"units":[{"id":"\xed\xa0\x80"}]}', b"\x00", b'{"a":"\x01"}'):
                status, _ = self.ask(path, body)
                self.assertEqual(status, 400, (path, body))
        for key in ("%ff", "%00", "%c3%28", "a%2fb", "%22", "x" * 4000):
            status, answer = self.ask(f"{BULK}/{key}", '{"context":{"targetingKey":"u"}}')
            expected = 400 if key == "%00" else 404
            self.assertEqual(status, expected, (key, answer))
            self.assertEqual(self.server.ask("GET", f"/v1/experiments/{key}")[0], expected)

    def test_nesting_that_would_need_a_stack(self):
        for path in DOORS:
            for opened, closed in (("[", "]"), ('{"a":', "}"), ('{"context":', "}"),
                                   ('{"units":[', "]}")):
                deep = opened * 100_000 + "1" + closed * 100_000
                self.assertIn(self.ask(path, deep)[0], (400, 413), (path, opened))
        deep = '{"context":{"targetingKey":"u","a":' + "[" * 50_000 + "]" * 50_000 + "}}"
        self.assertEqual(self.ask(FLAG, deep)[0], 400)

    def test_a_context_of_a_hundred_thousand_attributes(self):
        context = {"targetingKey": "u"}
        _, plain = self.flag(context)
        context.update({f"attribute_{i}": i for i in range(100_000)})
        status, answer = self.flag(context)
        self.assertEqual((status, answer["variant"]), (200, plain["variant"]))
        long = {"k" * 30_000: {str(i): i for i in range(100_000)}, "targetingKey": "u"}
        self.assertEqual(self.flag(long)[0], 200)
        self.assertEqual(self.ask(FLAG, b" " * (4 << 20) + b"{}")[0], 400)
        self.assertEqual(self.ask(FLAG, b" " * (9 << 20))[0], 413)

    def test_keys_that_come_twice_and_numbers_that_are_none(self):
        status, answer = self.ask(FLAG, '{"context":{"targetingKey":"a","targetingKey":"b"}}')
        self.assertEqual((status, answer["errorCode"]), (400, "PARSE_ERROR"))
        self.assertIn("context.targetingKey is there twice", answer["errorDetails"])
        for number, expected in (("1e999", 400), ("-1e999", 400), ("NaN", 400), ("Infinity", 400),
                                 ("-0", 200), ("01", 400), ("1e-999", 200), ("9" * 400, 400),
                                 ("18446744073709551615", 200)):
            body = '{"context":{"targetingKey":"u","n":' + number + "}}"
            self.assertEqual(self.ask(FLAG, body)[0], expected, number)
        for weights in ('{"control":1e999,"treatment":1}', '{"control":NaN,"treatment":1}',
                        '{"control":-0,"treatment":1}',
                        '{"control":"50%","treatment":"50%","control":"1%"}'):
            body = '{"allocation":' + weights + "}"
            status, _ = self.ask("/v1/experiments/sticky/weights", body)
            self.assertEqual(status, 400, weights)

    def test_etags_that_were_never_given(self):
        body = '{"context":{"targetingKey":"u"}}'
        self.server.ask("POST", BULK, body)  # From now on remembered.
        _, headers, _ = self.server.ask("POST", BULK, body)
        for tag in ("garbage", '"', 'W/"', ",,,,", "x" * 8000, '"a",' * 2000,
                    headers["etag"][:-2], "\xff\xfe"):
            tags = {"If-None-Match": tag.encode("latin-1")}
            self.assertEqual(self.server.ask("POST", BULK, body, tags)[0], 200, tag[:40])
            self.assertEqual(self.server.ask("GET", "/v1/snapshot", headers=tags)[0], 200)
            self.assertEqual(self.server.ask("GET", "/api/features/any", headers=tags)[0], 200)
        for tag, expected in ((headers["etag"], 304), ("x" * 20_000, 431)):
            status, _, _ = self.server.ask("POST", BULK, body, {"If-None-Match": tag})
            self.assertEqual(status, expected)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=30)

    def test_requests_that_never_end(self):
        post = b"POST " + FLAG.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        halves = (b"POST", post + b"99\r\n\r\n{",
                  b"GET /v1/experiments HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 1000)
        sockets = []
        for i in range(150):
            sockets.append(self.connect())
            sockets[-1].sendall(halves[i % 3])
        self.assertEqual(self.flag({"targetingKey": "u"})[0], 200)
        for one in sockets:
            one.close()
        for raw, expected in ((b"\x16\x03\x01\x02\x00\x01\x00\xff\r\n\r\n", b"400"),
                              (b"GET / HTTP/9.9\r\n\r\n", b"400"),
                              (post + b"-1\r\n\r\n", b"400"),
                              (post + b"99999999999999999999\r\n\r\n", b"4")):
            with self.connect() as one:
                one.sendall(raw)
                first = one.recv(4096)
                self.assertTrue(first.startswith(b"HTTP/1.1 " + expected), (raw, first[:100]))

    def test_memory_stays_where_it_is(self):
        """A parser keeps its largest document; the same load again must not keep as much again."""
        lists = {"targetingKey": "u", **{f"l{i}": ["x"] * 100 for i in range(100)}}
        body, connection = json.dumps({"context": lists}), None
        for round_ in range(6):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            for _ in range(60):
                connection.request("POST", FLAG, body)
                self.assertEqual(connection.getresponse().read()[:1], b"{")
            connection.close()
            if round_ == 2:
                before = memory_mib(self.server)
        self.assertLess(memory_mib(self.server) - before, 40)


def limited(resource_, amount):
    return lambda: resource.setrlimit(resource_, (amount, amount))


class Limits(unittest.TestCase):
    """A process that may have little, and somebody who takes much."""

    def flood(self, server, count, text=b""):
        sockets = []
        for _ in range(count):
            sockets.append(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            try:
                sockets[-1].sendall(text)
            except ConnectionError:
                pass  # There is no room for it.
        return sockets

    def test_idle_connections_leave_the_stores_their_files(self):
        def rows():
            return "\n".join(json.dumps({**event(os.urandom(8).hex(), "u"),
                                         "properties": {"p": os.urandom(1000).hex()}})
                             for _ in range(3000))

        with Server(BINARY, before=limited(resource.RLIMIT_NOFILE, 64)) as server:
            keep = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            keep.request("GET", "/healthz")
            keep.getresponse().read()
            sockets = self.flood(server, 100)
            for _ in range(14):  # Enough for the event store to fold its log into its file.
                keep.request("POST", "/v1/events", rows(), {"Content-Type": "application/x-ndjson"})
                answer = keep.getresponse()
                self.assertEqual((answer.status, json.loads(answer.read())["stored"]), (200, 3000))
            keep.close()
            for one in sockets:
                one.close()
            server.wait_for("/readyz", lambda answer: answer["status"] == "ready")
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_promised_bodies_end_no_process_of_little_memory(self):
        promise = (b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
                   b"Content-Length: 8388608\r\n\r\n{")
        try:
            server = Server(BINARY, before=limited(resource.RLIMIT_AS, 900 << 20))
        except RuntimeError as error:  # Sanitizers map terabytes.
            raise unittest.SkipTest("the program needs more than 900 MiB of addresses") from error
        with server:
            sockets = self.flood(server, 400, promise)
            self.assertEqual(server.post("/v1/events", event("e1", "u"))[0], 200)
            for one in sockets:
                one.close()
            self.assertEqual(server.stop(), 0, server.read_log())

    def test_a_stop_on_a_full_disk_says_so_and_loses_nothing(self):
        with Server(BINARY) as server:
            rows = [{**event(f"e{i}", "u"), "properties": {"p": os.urandom(1000).hex()}}
                    for i in range(2000)]
            self.assertEqual(server.post_lines("/v1/events", rows)[0], 200)
            limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
            status, refusal = server.post_lines("/v1/events", [event("late", "u")])
            self.assertEqual((status, refusal["code"]), (503, "unavailable"))
            self.assertNotIn("duckdb", json.dumps(refusal), "no path of ours is for who may send")
            self.assertIn("rows_not_stored", server.read_log())
            self.assertEqual(server.stop(), 1)
            said = server.read_log()
            self.assertIn("could not be folded in", said)
            self.assertIn("nothing is lost", said)
            self.assertNotIn("libduckdb", said, "a call stack is for nobody here")
            server.start()
            status, receipt = server.post_lines("/v1/events", rows[::100])
            self.assertEqual((status, receipt["stored"], receipt["duplicates"]), (200, 0, 20))
            self.assertEqual(server.stop(), 0)

    def test_wrong_tokens_keep_nobody_waiting_who_was_let_in(self):
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run([BINARY, "serve", "--data", folder, "--create-token", "ci"],
                                  capture_output=True, text=True, check=True)
            bearer = {"Authorization": f"Bearer {made.stdout.strip()}"}
            ask = b"GET /v1/experiments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ci."
            with Server(BINARY, folder) as server:
                self.assertEqual(server.ask("GET", "/v1/experiments", headers=bearer)[0], 200)
                sockets = self.flood(server, 200, ask + b"wrong\r\n\r\n")
                self.assertEqual(server.ask("GET", "/v1/experiments", headers=bearer)[0], 200)
                answers = [b""] * len(sockets)
                for i in select.select(sockets, [], [], 0)[0]:
                    answers[sockets.index(i)] = i.recv(65536)[:12]
                self.assertLess(answers.count(b"HTTP/1.1 401"), 60, "the worker saw to them first")
                for one in sockets:
                    one.close()
                self.assertEqual(server.stop(), 0, server.read_log())


class Readers(unittest.TestCase):
    def test_two_hundred_streams_that_nobody_reads(self):
        with Server(BINARY, arguments=["--max-streams", "200"]) as server:
            server.post("/v1/experiments?start=true", STICKY, "application/yaml")
            streams = []
            for i in range(200):
                one = socket.socket()
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                one.connect(("127.0.0.1", server.port))
                path = "/sub/any" if i % 2 else "/ofrep/v1/events"
                one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                streams.append(one)
            deadline = time.monotonic() + 30
            while "assay_http_streams 200" not in server.ask("GET", "/metrics")[2]:
                self.assertLess(time.monotonic(), deadline)
            before = memory_mib(server)
            slowest = 0
            for i in range(60):
                share = 20 + i
                begin = time.monotonic()
                weights = {"control": f"{share}%", "treatment": f"{100 - share}%"}
                status, answer = server.post("/v1/experiments/sticky/weights",
                                             {"allocation": weights})
                self.assertEqual(status, 200, answer)
                self.assertEqual(server.post(BULK, '{"context":{"targetingKey":"u"}}')[0], 200)
                slowest = max(slowest, time.monotonic() - begin)
            self.assertLess(slowest, 10)
            self.assertLess(memory_mib(server) - before, 60)
            begin = time.monotonic()
            self.assertEqual(server.stop(), 0, server.read_log())
            self.assertLess(time.monotonic() - begin, 20, "nobody waits for those who do not read")
            for one in streams:
                one.close()


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    # What a sanitized program keeps of freed memory is none that it leaks.
    os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=4")
    unittest.main()
