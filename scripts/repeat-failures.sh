#!/usr/bin/env bash
# After a run of the suite that failed: runs the files that failed again, one at a time, and exits with 0 if they pass.
# The suite kills, freezes and restarts servers by the hundred, and a busy machine can exceed even an outer time limit. At
# most 2 files are repeated: with more, something is broken. Their names stay in the output, and each is to be examined.
set -euo pipefail
cd "$(dirname "$0")/.."

MAX_FILES=2

mapfile -t failed < <(npm run -s jest -- --listTests --onlyFailures)
printf 'FAILED UNDER LOAD: %s\n' "${failed[@]}"
if ((${#failed[@]} == 0 || ${#failed[@]} > MAX_FILES)); then
  echo "Not repeated: ${#failed[@]} files failed, and at most $MAX_FILES are repeated."
  exit 1
fi
npm run -s jest -- --onlyFailures --maxWorkers=1
