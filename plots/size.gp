# SPDX-License-Identifier: MIT
# size: requests per second against the size of elements, or of the ring where only that varies.

figure = 'size'
x_candidates = 'req_size entries'
if (!exists("root")) root = 'plots'
load root.'/sweep.gp'
