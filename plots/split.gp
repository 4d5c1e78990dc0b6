# SPDX-License-Identifier: MIT
# Draws the layouts in one panel and, where that would be too full, the peers in a second one with the
# layouts that lead; for sweep.gp and latency.gp.
#
# Before: the data, with layouts, peers, raws and best; lines, points; scale_x, silent_x (the same without
# labels), scale_y; x_label, y_label.

CROWD = 6 # so many series need no second panel
split = words(layouts) > 0 && words(peers) > 0 && words(layouts) + words(peers) > CROWD
panels = split ? 2 : 1
PANEL = split ? 1.38 : 1.7
HEADING = split ? 0.13 : 0

array members[2]
members[1] = split ? layouts : layouts.' '.peers
members[2] = best.' '.peers
array headings[2]
headings[1] = split ? '(a) layouts' : ''
headings[2] = '(b) peers, and the layouts that lead'

key_entries = layouts.' | '.peers.' '.raws
key_top = TOP + panels * (HEADING + PANEL) + (panels - 1) * GAP + XAXIS
load root.'/key.gp'
HEIGHT = key_top + KEY + CAPTION
load root.'/open.gp'

eval scale_y
do for [p = 1:panels] {
    top = TOP + (p - 1) * (HEADING + PANEL + GAP) + HEADING
    eval panel(top, top + PANEL, headings[p], y_label)
    set format x '%.10g'
    eval scale_x
    if (p == panels) { eval x_label_below(top + PANEL, x_label) } else { eval silent_x }
    drawn = members[p]
    load root.'/panel.gp'
}
load root.'/close.gp'
