# SPDX-License-Identifier: MIT
# Draws one panel of distributions: lines are those of the datablock that `lines` names (x y), marks and
# horizontal bars those of `points` (x y lo hi), wide pale lines behind them those of `predicted` (x y). Open
# marks are blanked first.

plot for [i = 1:predictions] @predicted index (i - 1) using 1:2 with lines ls PREDICTED + i, \
     for [i = 1:series] @lines index (i - 1) using 1:2 with lines ls i, \
     for [i = 1:series] @points index (i - 1) using 3:2:($4 - $3):(0) with vectors nohead ls i lw BAR dt solid, \
     for [i = 1:series] @points index (i - 1) using 1:2 with points ls i pt blank[i] lc rgb '#FFFFFF', \
     for [i = 1:series] @points index (i - 1) using 1:2 with points ls i lw MARK_LINE, \
     NaN
