#!/bin/sh
# SPDX-License-Identifier: MIT
# decision-cost.sh PROGRAM POLICY...: how many instructions a simulated scheduling decision takes,
# counted by callgrind, as TAP. PROGRAM is sim_decisions. Counted is all from the first event to the
# last, the simulator included; the number of domains is that of hogs on one CPU. bvt has bounds to
# meet, which the project set itself; of each other POLICY the cost with 100 is shown.
set -eu

budget=700 # bvt, 100 domains
growth=4   # bvt, from 10 domains to 10,000, at most

program=$1
shift
if ! command -v valgrind > /dev/null; then
    echo "1..0 # SKIP valgrind is not installed"
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# cost POLICY HOGS [shares]: instructions a decision.
cost() {
    said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=sim_run \
        "$program" "$@" 2> "$log") || { cat "$log" >&2; exit 1; }
    decisions=${said%% *}
    instructions=$(awk '/Collected/ { print $NF }' "$log")
    awk -v n="$instructions" -v d="$decisions" 'BEGIN { printf "%.0f\n", n / d }'
}

hundred=$(cost bvt 100)
ten=$(cost bvt 10)
many=$(cost bvt 10000)
shares=$(cost bvt 100 shares)
echo "# bvt, 100 domains, their share error in windows measured too: $shares"
for policy in "$@"; do
    of_policy=$(cost "$policy" 100)
    echo "# $policy, 100 domains: $of_policy instructions a decision"
done
awk -v hundred="$hundred" -v ten="$ten" -v many="$many" -v budget="$budget" -v growth="$growth" '
function verdict(good, what) { printf "%sok %d - %s\n", good ? "" : "not ", ++tests, what }
BEGIN {
    verdict(hundred > 0 && hundred <= budget,
        "bvt, 100 domains: " hundred " instructions a decision, at most " budget)
    verdict(ten > 0 && many <= growth * ten,
        "bvt: " many " with 10,000 domains, " ten " with 10: at most " growth " times")
    print "1.." tests
}'
