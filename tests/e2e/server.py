"""Runs the real `assay serve` on a free port with a data directory of its own, and talks to it."""
import http.client
import json
import shutil
import signal
import subprocess
import tempfile
import time

EXPERIMENT = """
experiment:
  id: ranker_v2
  name: Ranker
  hypothesis: The new ranker lifts the click rate.
  variants:
    control: {weight: 0.5}
    treatment: {weight: 0.5}
  metrics:
    primary:
      - {name: click_rate, type: proportion, event: click, direction: increase}
  analysis:
    method: frequentist_sequential
    alpha: 0.05
    mde_relative: 0.05
"""


class Server:
    """One process; `binary` is the path of assay. Use it as a context manager. `before` is called
    in the new process before it becomes assay."""

    def __init__(self, binary, folder=None, arguments=(), analyze_every=0.3, before=None):
        self.binary = binary
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="assay_e2e_")
        self.arguments = arguments
        self.analyze_every = analyze_every
        self.before = before
        self.start()

    def start(self):
        if hasattr(self, "log"):
            self.log.close()
        command = [self.binary, "serve", "--data", self.folder, "--listen", "127.0.0.1:0", "--json",
                   "--analyze-every", str(self.analyze_every), *self.arguments]
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        preexec_fn=self.before)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(30)
            raise RuntimeError(f"no start: {self.read_log()}")
        self.url = json.loads(line)["url"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        """The exit status after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process.stdout.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.log.close()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers (lower case) and body as text of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            text = response.read().decode()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, text
        finally:
            connection.close()

    def get(self, path):
        status, _, text = self.ask("GET", path)
        return status, json.loads(text)

    def post(self, path, body, content_type="application/json"):
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        status, _, text = self.ask("POST", path, body, {"Content-Type": content_type})
        return status, json.loads(text)

    def post_lines(self, path, rows):
        return self.post(path, "\n".join(json.dumps(row) for row in rows), "application/x-ndjson")

    def wait_for(self, path, good, seconds=60):
        """The first answer of GET path that is `good`."""
        deadline = time.monotonic() + seconds
        while True:
            status, answer = self.get(path)
            if status == 200 and good(answer):
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"{path} never became what was expected: {answer}")
            time.sleep(0.1)


def exposure(unit, variant, experiment="ranker_v2"):
    return {"id": f"x-{experiment}-{unit}", "time": rfc3339(), "experiment": experiment,
            "variant": variant, "unit": unit}


def event(identifier, unit, name="click", value=None):
    row = {"id": identifier, "time": rfc3339(), "name": name, "units": {"user": unit}}
    return row if value is None else {**row, "value": value}


def rfc3339():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
