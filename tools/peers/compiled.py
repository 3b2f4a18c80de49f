"""The peers' compiled SDKs: Rust crates (tools/peers/rust) and Go modules (tools/peers/go)."""
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = {
    "rust": {"eppo": "eppo_core", "flagd": "flagd-evaluation-engine",
             "growthbook": "growthbook-rust",
             "launchdarkly": "launchdarkly-server-sdk-evaluation", "statsig": "statsig-rust",
             "unleash": "unleash-yggdrasil"},
    "go": {"growthbook": "github.com/growthbook/growthbook-golang",
           "launchdarkly": "github.com/launchdarkly/go-server-sdk-evaluation/v3",
           "statsig": "github.com/statsig-io/go-sdk"}}
BUILD = {"rust": ["cargo", "build", "--release", "--quiet"],
         "go": ["go", "build", "-o", "peers", "."]}
PROGRAM = {"rust": HERE / "rust/target/release/peers", "go": HERE / "go/peers"}
PINNED = {"rust": (HERE / "rust/Cargo.toml", r'^{} = .*"=([^"]+)"'),
          "go": (HERE / "go/go.mod", r"^\t{} v(\S+)")}


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
        print(f"building tools/peers/{language}, minutes at first", file=sys.stderr)
        subprocess.run(command, cwd=HERE / language, check=True)
        built += [(language, peer) for peer in PEERS[language]]
    return built


def command_of(language, peer, *arguments):
    return [str(PROGRAM[language]), peer, *arguments]


def label_of(language, peer):
    file, pattern = PINNED[language]
    package = PEERS[language][peer]
    pattern = pattern.format(re.escape(package))
    found = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    return f"{package.removeprefix('github.com/')} {found.group(1)} ({language.capitalize()})"
