# SPDX-License-Identifier: MIT
# latency: the distribution of latency, to p99.9.

figure = 'latency'
if (!exists("root")) root = 'plots'
load root.'/style.gp'
load prepare('latency', '')
load root.'/check.gp'

# An x of 1 / (1 - p): each step to the right is ten times as rare.
scale_x = "set logscale x; set xrange [1:1250]; set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000)"
silent_x = "set xtics ('' 1, '' 2, '' 10, '' 100, '' 1000)"
x_label = 'Percentile p (%), spaced as 1 / (1 − p)'
y_label = in_clock((measure eq 'offered-load' ? 'Latency from arrival (' : 'Round-trip latency (').unit.')')
points = '$points'
lines = '$lines'
load root.'/split.gp'
