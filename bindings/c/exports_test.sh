#!/usr/bin/env bash
# The library exports what assay.h declares, all of it and nothing else.
set -euo pipefail
header="$(dirname "${BASH_SOURCE[0]}")/assay.h"
declared=$(tr '\n' ' ' <"$header" | grep -oE 'ASSAY_API [^;(]*\(' | grep -oE 'assay_[a-z_]+ *\(' |
  tr -d '( ' | sort -u)
exported=$(nm -D --defined-only "$1" | awk '{print $3}' | sort -u)
diff <(echo "$declared") <(echo "$exported") || {
  echo "left: declared in assay.h; right: exported by $1" >&2
  exit 1
}
[ "$(echo "$exported" | wc -l)" -gt 10 ]
