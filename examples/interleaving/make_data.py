#!/usr/bin/env python3
"""Makes requests.ndjson and clicks.csv: a search engine and people whose taste is known.

    python3 examples/interleaving/make_data.py build/release/bin/assay

Every query has ten documents, each with a relevance from 0 to 1. Both rankers sort by a noisy view
of it; the treatment's view is clearer. People look from the top down and click what is relevant, so
the treatment's items are clicked a little more often. `assay interleave` merges the rankings.
"""
import csv
import io
import json
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
REQUESTS, USERS, LENGTH = 600, 250, 6
NOISE = {"control": 0.45, "treatment": 0.25}


def main(assay):
    rng = random.Random(4)
    relevance, lines = {}, []
    for number in range(REQUESTS):
        docs = {f"d{rng.randrange(1000, 10000)}": rng.random() for _ in range(10)}
        request = f"q{number}"
        relevance[request] = docs
        rankings = {name: sorted(docs, key=lambda d: -docs[d] - rng.gauss(0, noise))[:LENGTH]
                    for name, noise in NOISE.items()}
        lines.append(json.dumps({"request": request, "unit": f"u{rng.randrange(USERS)}",
                                 "salt": "search_ranker_2", "length": LENGTH,
                                 "rankings": rankings}))
    (HERE / "requests.ndjson").write_text("\n".join(lines) + "\n")
    shown = subprocess.run([assay, "interleave", HERE / "requests.ndjson"], check=True,
                           capture_output=True, text=True).stdout
    clicks = ["impression,item"]
    for row in csv.DictReader(io.StringIO(shown)):
        seen = 0.8 ** (int(row["position"]) - 1)
        if rng.random() < seen * relevance[row["impression"]][row["item"]] ** 2:
            clicks.append(f"{row['impression']},{row['item']}")
    (HERE / "clicks.csv").write_text("\n".join(clicks) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
