# SPDX-License-Identifier: MIT
# counters: events per request of each subject, a panel a counter, a row a subject.

figure = 'counters'
if (!exists("root")) root = 'plots'
load root.'/style.gp'
load prepare('counters', '')
load root.'/check.gp'

# As many panels side by side as their titles allow, 3 at most.
longest = 0
do for [p = 1:panels] { longest = max(longest, strlen(title[p])) }
columns = longest <= 15 ? 3 : longest <= 26 ? 2 : 1
bands = (panels + columns - 1) / columns
columns = (panels + bands - 1) / bands

# The subjects' names stand left of the first panel of each band.
longest = 0
do for [j = 1:subjects] { longest = max(longest, strlen(subject[j])) }
NAMES = 0.08 + longest * 0.048
BETWEEN = 0.20 # between panels, whose outer tic labels must not meet
ROW = 0.112
HEADING = 0.13
PANEL = (foot + 1) * ROW
BAND = HEADING + PANEL + XAXIS + 0.02
PANEL_WIDTH = (WIDTH - RIGHT - NAMES - (columns - 1) * BETWEEN) / columns

key_entries = ''
do for [i = 1:(series > 1 ? series : 0)] { key_entries = key_entries.sprintf(' %d', i) }
key_top = TOP + bands * BAND
load root.'/key.gp'
HEIGHT = key_top + KEY + CAPTION
load root.'/open.gp'

set yrange [foot + 0.5:-0.5]
set ytics scale 0 format '' ('' subject_y[1])
do for [j = 2:subjects] { set ytics add ('' subject_y[j]) }
do for [p = 1:panels] {
    left = NAMES + ((p - 1) % columns) * (PANEL_WIDTH + BETWEEN)
    top = TOP + ((p - 1) / columns) * BAND + HEADING
    unset label
    eval place(left, left + PANEL_WIDTH, top, top + PANEL)
    set label 1 title[p] at screen left / WIDTH, 1 - (top - 0.055) / HEIGHT left
    set label 2 unit[p] at screen (left + PANEL_WIDTH / 2) / WIDTH, 1 - (top + PANEL + 0.235) / HEIGHT center
    if ((p - 1) % columns == 0) {
        do for [j = 1:subjects] {
            set label 2 + j subject[j] at screen (left - 0.05) / WIDTH, \
                1 - (top + (subject_y[j] + 0.5) * ROW) / HEIGHT right
        }
    }
    eval scale_panel[p]
    first = (p - 1) * series - 1
    plot for [i = 1:series] $points index (first + i) using 3:2:($4 - $3):(0) with vectors nohead ls i lw BAR, \
         for [i = 1:series] $points index (first + i) using 1:2 with points ls i pt blank[i] lc rgb '#FFFFFF', \
         for [i = 1:series] $points index (first + i) using 1:2 with points ls i lw MARK_LINE
}
load root.'/close.gp'
