#!/usr/bin/env bash
# The fault tests with the figures of the night: 1,000 kills, 2,000 power cuts, 200 full disks. About an hour on two cores.
# POSTROOM_FIGURES names a file that gets a line of JSON for each test; further arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export POSTROOM_NIGHTLY=1 POSTROOM_REQUIRE_TOOLS=1
export POSTROOM_FIGURES="${POSTROOM_FIGURES:-$PWD/fault-figures.jsonl}"
rm -f "$POSTROOM_FIGURES"
"${PYTEST:-.venv/bin/pytest}" tests/faults tests/incidents --timeout 3600 "$@"
