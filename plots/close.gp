# SPDX-License-Identifier: MIT
# Draws the key and the caption, and closes the picture.
#
# Before: key_top (inches from the top), and key.gp.

# A last panel over the whole picture, in inches from its top left corner.
unset label; unset xlabel; unset tics; unset border; unset grid; unset logscale
set xrange [0:WIDTH]
set yrange [HEIGHT:0]
eval place(0, WIDTH, 0, HEIGHT)
set samples 2

array key_series[series + 1]
array key_x[series + 1]
array key_y[series + 1]
keys = 0
key_series[1] = 1 # a key may be empty, but gnuplot reads its plot clauses once
key_x[1] = 0
key_y[1] = 0
row = 0
column = 0
group = ''
do for [entry in key_entries.' |'] {
    if (entry eq '|') {
        if (column > 0) { row = row + 1; column = 0 }
    } else {
        keys = keys + 1
        key_series[keys] = entry + 0
        key_x[keys] = KEY_LEFT + column * (WIDTH - KEY_LEFT) / key_columns
        key_y[keys] = key_top + (row + 0.5) * KEY_ROW
        set label keys name[key_series[keys]] at key_x[keys] + SAMPLE + 0.05, key_y[keys] left
        column = column + 1
        if (column == key_columns) { row = row + 1; column = 0 }
    }
}
do for [i = 1:caption_lines] {
    set label keys + i caption_line[i] at KEY_LEFT, HEIGHT - 0.03 - (caption_lines - i + 0.5) * CAPTION_ROW left \
        font sprintf(',%g', SMALL)
}
plot for [k = 1:keys] '+' using (key_x[k]):(key_y[k]):(SAMPLE):(0) every ::0::0 with vectors nohead ls key_series[k], \
     for [k = 1:keys] '+' using (key_x[k] + SAMPLE / 2):(key_y[k]) every ::0::0 with points ls key_series[k] \
         pt blank[key_series[k]] lc rgb '#FFFFFF', \
     for [k = 1:keys] '+' using (key_x[k] + SAMPLE / 2):(key_y[k]) every ::0::0 with points ls key_series[k] lw MARK_LINE, \
     NaN
unset multiplot
set output
