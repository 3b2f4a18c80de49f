#!/usr/bin/env python3
"""Makes requests.csv beside this file: a market in which buyers meet sellers.

    python3 examples/two_sided/make_data.py build/release/bin/assay

Each request is of one buyer to one seller; each side has its own experiment, and both variants come
from the product (`assay assign`). The truth: a request is booked with probability 0.20; the buyers'
model adds 0.05, the sellers' model 0.03, and where both meet 0.04 more.
"""
import csv
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
REQUESTS = 8000


def variants(assay, side, ids):
    text = side + "\n" + "".join(f"{each}\n" for each in ids)
    out = subprocess.run([assay, "assign", HERE / f"{side}s.yaml", "--units", "-"], input=text,
                         check=True, capture_output=True, text=True).stdout
    return [row["variant"] for row in csv.DictReader(out.splitlines())]


def main(assay):
    rng = random.Random(2)
    buyers = [f"b{number}" for number in range(REQUESTS)]
    sellers = [f"s{rng.randrange(6000)}" for _ in buyers]
    lines = ["request,buyer,seller,buyer_variant,seller_variant,booked"]
    sides = zip(buyers, sellers, variants(assay, "buyer", buyers),
                variants(assay, "seller", sellers))
    for number, (buyer, seller, one, other) in enumerate(sides):
        new_buyer, new_seller = one == "treatment", other == "treatment"
        p = 0.20 + 0.05 * new_buyer + 0.03 * new_seller + 0.04 * (new_buyer and new_seller)
        lines.append(f"r{number},{buyer},{seller},{one},{other},{int(rng.random() < p)}")
    (HERE / "requests.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
