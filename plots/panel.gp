# SPDX-License-Identifier: MIT
# Draws one panel: the series listed in `drawn`, above the bands and lines of those in `raws`. Lines
# are those of the datablock that `lines` names (x y), marks and bars those of `points` (x y lo hi).
# The intervals of raw limits are a band where the two are the same, else bars.
# Wide pale lines behind them are those of `predicted` (x y).
# Open marks are blanked first, so that neither lines nor bars cross them.

bands = lines eq points
plot for [k = 1:words(raws)] @points index (nth(raws, k) - 1) using (bands ? $1 : NaN):3:4 \
         with filledcurves fs solid noborder lc rgb '#DCDCDC', \
     for [k = 1:words(raws)] @lines index (nth(raws, k) - 1) using 1:2 with lines ls nth(raws, k), \
     for [i = 1:predictions] @predicted index (i - 1) using 1:2 with lines ls PREDICTED + i, \
     for [k = 1:words(drawn)] @lines index (nth(drawn, k) - 1) using 1:2 with lines ls nth(drawn, k), \
     for [k = 1:words(raws)] @points index (nth(raws, k) - 1) using (bands ? NaN : $1):3:(0):($4 - $3) \
         with vectors nohead lc rgb '#707070' lw BAR * 1.5 dt solid, \
     for [k = 1:words(drawn)] @points index (nth(drawn, k) - 1) using 1:3:(0):($4 - $3) \
         with vectors nohead ls nth(drawn, k) lw BAR dt solid, \
     for [k = 1:words(drawn)] @points index (nth(drawn, k) - 1) using 1:2 with points ls nth(drawn, k) \
         pt blank[nth(drawn, k)] lc rgb '#FFFFFF', \
     for [k = 1:words(drawn)] @points index (nth(drawn, k) - 1) using 1:2 with points ls nth(drawn, k) \
         lw MARK_LINE, \
     NaN
