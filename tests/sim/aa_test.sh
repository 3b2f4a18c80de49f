#!/usr/bin/env bash
# Error rates and coverage by simulation, for each law of outcomes, without and with an effect, at one look and at 28. Exit
# status 1 when a method breaks its promise; a failure is replayed with the same seed.
#
#   ASSAY_SEED=7 tests/sim/aa_test.sh build/release/bin/assay
set -euo pipefail
assay=$1
seed=${ASSAY_SEED:-1}
runs=${ASSAY_RUNS:-2000}
failed=0
for law in proportion:0.1 normal:1 revenue:2 count:1.5; do
  for lift in 0 0.2; do
    for looks in 1 28; do
      command=("$assay" simulate aa --law "${law%:*}" --baseline "${law#*:}" --lift "$lift"
        --runs "$runs" --units 5000 --looks "$looks" --seed "$seed")
      "${command[@]}" || { failed=1 && echo "broken promise, replay: assay ${command[*]:1}"; }
      echo
    done
  done
done
exit $failed
