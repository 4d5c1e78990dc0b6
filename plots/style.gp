# SPDX-License-Identifier: MIT
# What all figures share: size, type, colours, data preparation, key and caption. Lengths are in
# inches on the paper; a figure is one column of a two-column page wide and as high as it needs.
#
# A figure's script sets `figure` and loads this, prepares its data (`load prepare(...)` and
# `load root.'/check.gp'`), adds up its height, loads open.gp, places panels and the key, and loads
# close.gp.

set encoding utf8

if (!exists("root")) root = 'plots'
if (!exists("format")) format = 'pdf'
if (!exists("caption")) caption = ''
if (!exists("where")) where = ''
if (!exists("hists")) hists = ''
if (!exists("summary") || !exists("out")) {
    print figure.'.gp: needs summary=... and out=...; see docs/figures.md'
    exit status 1
}
if (format ne 'pdf' && format ne 'svg' && format ne 'png') {
    print figure.'.gp: format is '.format.', should be pdf, svg or png'
    exit status 1
}

# One column of the two-column formats of ACM, USENIX and IEEE.
WIDTH = 3.33
LEFT = 0.47
RIGHT = 0.06
TOP = 0.05

FONT = 'Liberation Sans'
TEXT = 7.0    # pt: axes and key
SMALL = 6.0   # pt: caption
PT = 1 / 72.0 # inch

GAP = 0.07   # between a panel and the next one's heading
XAXIS = 0.31 # below the lowest panel: tic labels and the axis' label
KEY_LEFT = 0.10 # of the key and the caption
KEY_ROW = 0.115
CAPTION_ROW = 0.098
SAMPLE = 0.26 # length of a key's line sample

# Lines, in units of 0.5 pt, and marks, in units of 6 pt; open.gp makes them so on each terminal.
HAIR = 0.7
THIN = 1.4
BAR = 1.0
MARK_LINE = 0.9
THICK = 4.0
MARK = 0.55

# A dash of 1 pt in a line of width THIN, in the terminal's units (found by measuring the output).
DASH = format eq 'pdf' ? 2.7 : format eq 'png' ? 3.9 : 2.85

set tics nomirror out scale 0.5, 0.25
set border 3 lw HAIR lc rgb '#000000'
set grid xtics ytics lt 1 lc rgb '#E4E4E4' lw 0.6 dt solid
set format '%.10g'
unset key
unset title
set clip two

# Text for the shell: each ' closes the quotes, adds itself and opens them again.
do for [variable in "summary hists caption where root figure"] {
    text = value(variable)
    quoted = ''
    do for [i = 1:strlen(text)] { quoted = quoted.(text[i:i] eq "'" ? "'\\''" : text[i:i]) }
    eval 'shell_'.variable." = \"'\".quoted.\"'\""
}

# Lines behind those of the series: how many, of which datablock, and from which line style on. The prepared
# data say the first, the figure's script the second.
predictions = 0
predicted = '$none'
PREDICTED = 100
$none << END_OF_LINES
NaN NaN
END_OF_LINES

failure = ''
others = ''
clock = '' # of all that is drawn, if it is one; the prepared data may say it

# The commands that hold a figure's data, by one of the awk programs beside this file (which may need
# another one before it), with further environment settings for it.
program_text(programs) = words(programs) == 0 ? '' : \
    ' -f '.shell_root.'/'.word(programs, 1).'.awk'.(words(programs) > 1 ? ' -f '.shell_root.'/'.word(programs, 2).'.awk' : '')
prepare(programs, settings) = '< LC_ALL=C '.settings.' summary='.shell_summary.' hists='.shell_hists. \
    ' caption='.shell_caption.' where='.shell_where.' styles='.shell_root.'/styles width='. \
    sprintf('%.1f', (WIDTH - KEY_LEFT - 0.04) / PT / SMALL).' awk -f '.shell_root.'/table.awk -f '.shell_root. \
    '/look.awk'.program_text(programs)

# A label as the clock of what is drawn has it: where that counts instructions, a ns is one, and so M a
# second are so many in 1000 instructions.
instead(text, what, with) = strstrt(text, what) == 0 ? text : \
    text[1:strstrt(text, what) - 1].with.text[strstrt(text, what) + strlen(what):*]
in_clock(text) = clock ne 'instructions' ? text : text eq 'ns' ? 'Instructions' : \
    instead(instead(instead(text, '(ns)', '(instructions)'), '(M pairs/s)', '(pairs in 1000 instructions)'), \
            '(M requests/s)', '(requests in 1000 instructions)')

# Places a panel between two heights from the top of the picture, with a heading above it and its y
# axis' label in a place of its own, whatever the width of the tic labels.
place(left, right, top, bottom) = sprintf( \
    'set lmargin at screen %f; set rmargin at screen %f; set tmargin at screen %f; set bmargin at screen %f; ', \
    left / WIDTH, right / WIDTH, 1 - top / HEIGHT, 1 - bottom / HEIGHT)
panel(top, bottom, heading, y_label) = place(LEFT, WIDTH - RIGHT, top, bottom). \
    sprintf('set label 1 "%s" at screen %f, %f left; ', heading, LEFT / WIDTH, 1 - (top - 0.055) / HEIGHT). \
    sprintf('set label 2 "%s" at screen %f, %f center rotate by 90', y_label, 0.07 / WIDTH, \
            1 - (top + bottom) / 2 / HEIGHT)

# The label of the x axis below a panel.
x_label_below(bottom, text) = sprintf('set label 3 "%s" at screen %f, %f center', text, \
    (LEFT + WIDTH - RIGHT) / 2 / WIDTH, 1 - (bottom + 0.235) / HEIGHT)

max(a, b) = a > b ? a : b

# The k-th series of a list. gnuplot reads a plot clause once even where it draws nothing of it.
nth(list, k) = k <= words(list) ? word(list, k) + 0 : 1
