# SPDX-License-Identifier: MIT
# isolation: what a domain that makes trouble leaves a ring of its throughput and of its latency, a row a kind
# of trouble, a mark a scheduler.

figure = 'isolation'
if (!exists("root")) root = 'plots'
load root.'/style.gp'
load prepare('scheduler isolation', "panels='isolation delay stall'")
load root.'/check.gp'

array title[3]
title[1] = '(a) throughput'
title[2] = '(b) p99'
title[3] = '(c) p99 by time'

longest = 0
do for [j = 1:troubles] { longest = max(longest, strlen(row_name[j])) }
NAMES = 0.12 + longest * 0.052
BETWEEN = 0.17 # between panels, whose outer tic labels must not meet
ROW = 0.06 + series * 0.032
HEADING = 0.13
PANEL = troubles * ROW
PANEL_WIDTH = (WIDTH - 2 * RIGHT - NAMES - (panels - 1) * BETWEEN) / panels

key_entries = all
key_top = TOP + HEADING + PANEL + XAXIS
load root.'/key.gp'
HEIGHT = key_top + KEY + CAPTION
load root.'/open.gp'

top = TOP + HEADING
set yrange [troubles + 0.5:0.5]
set ytics scale 0 format '' (1.5)
do for [j = 2:troubles - 1] { set ytics add ('' j + 0.5) }
do for [p = 1:panels] {
    left = NAMES + (p - 1) * (PANEL_WIDTH + BETWEEN)
    unset label
    eval place(left, left + PANEL_WIDTH, top, top + PANEL)
    set label 1 title[p] at screen left / WIDTH, 1 - (top - 0.055) / HEIGHT left
    set label 2 'of that alone' at screen (left + PANEL_WIDTH / 2) / WIDTH, 1 - (top + PANEL + 0.235) / HEIGHT center
    if (p == 1) {
        do for [j = 1:troubles] {
            set label 2 + j row_name[j] at screen (left - 0.05) / WIDTH, 1 - (top + (j - 0.5) * ROW) / HEIGHT right
        }
    }
    eval scale_panel[p]
    set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead lt 1 lc rgb '#808080' lw HAIR back
    first = (p - 1) * series - 1
    plot for [i = 1:series] $points index (first + i) using 3:2:($4 - $3):(0) with vectors nohead ls i lw BAR, \
         for [i = 1:series] $points index (first + i) using 1:2 with points ls i pt blank[i] lc rgb '#FFFFFF', \
         for [i = 1:series] $points index (first + i) using 1:2 with points ls i lw MARK_LINE
    unset arrow 1
}
load root.'/close.gp'
