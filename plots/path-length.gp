# SPDX-License-Identifier: MIT
# path-length: instructions of each operation, a row an operation, a bar a hypervisor; on a logarithmic axis,
# where the length of a bar would say nothing, a mark.

figure = 'path-length'
if (!exists("root")) root = 'plots'
load root.'/style.gp'
load prepare('bars', '')
load root.'/check.gp'

longest = 0
do for [j = 1:operations] { longest = max(longest, strlen(row_name[j])) }
NAMES = 0.10 + longest * 0.0505
BAR_HEIGHT = 0.078
SPACE = 0.065 # between rows
ROW = series * BAR_HEIGHT + SPACE
PANEL = operations * ROW + SPACE / 2

key_entries = series > 1 ? all : ''
key_top = TOP + PANEL + XAXIS
load root.'/key.gp'
HEIGHT = key_top + KEY + CAPTION
load root.'/open.gp'

# Rows are one unit high, bars around their middle.
half = BAR_HEIGHT / ROW / 2
middle(i) = (i - (series + 1) / 2.0) * 2 * half

unset grid
set grid xtics lt 1 lc rgb '#E4E4E4' lw 0.6 dt solid
eval place(NAMES, WIDTH - RIGHT, TOP, TOP + PANEL)
do for [j = 1:operations] {
    set label 10 + j row_name[j] at screen (NAMES - 0.05) / WIDTH, 1 - (TOP + SPACE / 4 + (j - 0.5) * ROW) / HEIGHT right
}
set label 1 'Instructions' at screen (NAMES + WIDTH - RIGHT) / 2 / WIDTH, 1 - (TOP + PANEL + 0.235) / HEIGHT center
set yrange [operations + 0.5 + SPACE / ROW / 4:0.5 - SPACE / ROW / 4]
set ytics scale 0 format '' (0)
eval scale_x
set style fill solid 1.0 noborder
plot for [i = 1:(logarithmic ? 0 : series)] $bars index (i - 1) \
         using 2:($1 + middle(i)):(0):2:($1 + middle(i) - half):($1 + middle(i) + half) with boxxyerror ls i, \
     for [i = 1:(logarithmic ? series : 0)] $bars index (i - 1) using 2:($1 + middle(i)) with points ls i, \
     for [i = 1:series] $bars index (i - 1) using 2:($1 + middle(i)):3 with labels left offset character (logarithmic ? 1.0 : 0.4), 0 \
         font sprintf(',%g', SMALL * 0.9)
load root.'/close.gp'
