"""The peers' compiled SDKs: Rust crates, Go modules, Java artifacts (tools/peers/rust, go, java).

Where a peer publishes its engine apart from the client that an application calls, both are here.
"""
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = {
    "rust": {"eppo": "eppo_core", "eppo_client": "eppo",
             "flagd": "flagd-evaluation-engine", "flagd_client": "open-feature-flagd",
             "growthbook": "growthbook-rust", "growthbook_client": "growthbook-rust",
             "launchdarkly": "launchdarkly-server-sdk-evaluation",
             "launchdarkly_client": "launchdarkly-server-sdk", "statsig": "statsig-rust",
             "unleash": "unleash-yggdrasil", "unleash_client": "unleash-api-client"},
    "go": {"growthbook": "github.com/growthbook/growthbook-golang",
           "launchdarkly": "github.com/launchdarkly/go-server-sdk-evaluation/v3",
           "launchdarkly_client": "github.com/launchdarkly/go-server-sdk/v7",
           "statsig": "github.com/statsig-io/go-sdk"},
    "java": {"flagd": "dev.openfeature.contrib.providers:flagd",
             "launchdarkly": "com.launchdarkly:launchdarkly-java-server-sdk",
             "optimizely": "com.optimizely.ab:core-api",
             "unleash": "io.getunleash:unleash-client-java"}}
NEEDS = {"flagd_client": "protoc"}  # Tools of builds; each peer is a feature in rust/Cargo.toml.
BUILD = {"rust": ["cargo", "build", "--release", "--quiet"],
         "go": ["go", "build", "-o", "peers", "."],
         "java": ["mvn", "-q", "-B", "compile", "dependency:copy-dependencies"]}
PROGRAM = {"rust": [f"{HERE}/rust/target/release/peers"], "go": [f"{HERE}/go/peers"],
           "java": ["java", "-cp", f"{HERE}/java/target/classes:{HERE}/java/target/dependency/*",
                    "Peers"]}
PINNED = {"rust": (HERE / "rust/Cargo.toml", r'^{} = .*"=([^"]+)"'),
          "go": (HERE / "go/go.mod", r"^\t{} v(\S+)"),
          "java": (HERE / "java/pom.xml", r"<groupId>{}</artifactId><version>([^<]+)")}


def build(languages=tuple(BUILD)):
    """(language, peer) of all that could be built; says what a missing compiler leaves out."""
    built = []
    for language, command in BUILD.items():
        if language not in languages:
            continue
        if not shutil.which(command[0]):
            names = ", ".join(PEERS[language].values())
            print(f"LEFT OUT, for there is no {command[0]} here: {names}", file=sys.stderr)
            continue
        wanted = [peer for peer in PEERS[language] if shutil.which(NEEDS.get(peer, command[0]))]
        for peer in PEERS[language].keys() - wanted:
            print(f"LEFT OUT, for there is no {NEEDS[peer]} here: {PEERS[language][peer]}",
                  file=sys.stderr)
        features = [f"--features={peer}" for peer in wanted if peer in NEEDS]
        print(f"building tools/peers/{language}, minutes at first", file=sys.stderr)
        subprocess.run([*command, *features], cwd=HERE / language, check=True, stdout=sys.stderr)
        built += [(language, peer) for peer in wanted]
    return built


def command_of(language, peer, *arguments):
    return [*PROGRAM[language], peer, *arguments]


def engine_alone(language, peer):
    """Is this what the peer's client calls, without the client that an application calls?"""
    return f"{peer}_client" in PEERS[language]


def label_of(language, peer):
    file, pattern = PINNED[language]
    package = PEERS[language][peer]
    pattern = pattern.format(re.escape(package.replace(":", "</groupId><artifactId>")))
    found = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    name = package.removeprefix("github.com/") + f" {found.group(1)}"
    return f"{name}{', engine alone' * engine_alone(language, peer)} ({language.capitalize()})"
