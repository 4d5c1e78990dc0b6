# SPDX-License-Identifier: MIT
# throughput: requests per second against batch, with the raw limit and the peers.

figure = 'throughput'
x_candidates = 'batch'
if (!exists("root")) root = 'plots'
load root.'/sweep.gp'
