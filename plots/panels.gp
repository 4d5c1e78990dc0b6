# SPDX-License-Identifier: MIT
# Draws panels of lines above each other, for share.gp, allowance.gp, scale.gp and evtchn.gp.
#
# Before: figure, panel_specs (what lines.awk reads), headings and y_labels (a word a panel, _ for a
# blank), x_labels likewise; a panel without an x label shares the axis of the one below; one that has
# nothing to show is left out. series_of, if it is given: the program that says what a series is.

load root.'/style.gp'
if (!exists("series_of")) series_of = 'scheduler'
load prepare(series_of.' lines', "panels='".panel_specs."'")
load root.'/check.gp'

plain(text) = system('echo "'.text.'" | tr _ " "')

PANEL = panels > 3 ? 0.9 : panels > 2 ? 1.0 : 1.3
HEADING = 0.13
# That of each panel, `-` where the one below has it.
array label_of[panels]
do for [p = panels:1:-1] {
    label_of[p] = word(x_labels, p)
    if (label_of[p] eq '-') { if (!shows[p + 1]) { label_of[p] = label_of[p + 1] } }
}
array tops[panels]
top = TOP
do for [p = 1:panels] {
    if (shows[p]) {
        tops[p] = top + HEADING
        top = tops[p] + PANEL + (label_of[p] eq '-' ? GAP : XAXIS)
    }
}
key_entries = all
key_top = top
load root.'/key.gp'
HEIGHT = key_top + KEY + CAPTION
load root.'/open.gp'

raws = ''
drawn = all
do for [p = 1:panels] {
    if (!shows[p]) { continue }
    lines = sprintf('$lines%d', p)
    points = sprintf('$points%d', p)
    predicted = sprintf('$predicted%d', p)
    unset label
    eval panel(tops[p], tops[p] + PANEL, plain(word(headings, p)), in_clock(plain(word(y_labels, p))))
    set format x '%.10g'
    eval scale_y[p]
    if (label_of[p] eq '-') { eval silent_x[p] } else {
        eval scale_x[p]
        eval x_label_below(tops[p] + PANEL, in_clock(plain(label_of[p])))
    }
    load root.'/panel.gp'
}
load root.'/close.gp'
