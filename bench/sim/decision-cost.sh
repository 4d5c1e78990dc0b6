#!/bin/sh
# SPDX-License-Identifier: MIT
# decision-cost.sh PROGRAM POLICY...: how many instructions a simulated scheduling decision takes,
# counted by callgrind. PROGRAM is sim_decisions. Counted is all from the first event to the last,
# the simulator included; the number of domains is that of hogs on one CPU. bvt has bounds to meet;
# of each other POLICY the cost with 100 is shown.
set -eu
program=$1
shift
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

# cost POLICY HOGS [shares]: instructions a decision.
cost() {
    said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=sim_run \
        "$program" "$@" 2>"$counts")
    decisions=${said%% *}
    instructions=$(awk '/Collected/ { print $NF }' "$counts")
    awk -v n="$instructions" -v d="$decisions" 'BEGIN { printf "%.0f\n", n / d }'
}

# verdict VALUE BOUND
verdict() {
    awk -v v="$1" -v b="$2" 'BEGIN { print v <= b ? "met" : "not met" }'
}

hundred=$(cost bvt 100)
ten=$(cost bvt 10)
many=$(cost bvt 10000)
ratio=$(awk -v a="$many" -v b="$ten" 'BEGIN { printf "%.2f", a / b }')
echo "bvt, 100 domains: $hundred instructions a decision (at most 700: $(verdict "$hundred" 700))"
echo "bvt, 10 domains: $ten; 10,000 domains: $many: $ratio times (at most 4: $(verdict "$ratio" 4))"
echo "bvt, 100 domains, their share error in windows measured too: $(cost bvt 100 shares)"
for policy in "$@"; do
    echo "$policy, 100 domains: $(cost "$policy" 100) instructions a decision"
done
