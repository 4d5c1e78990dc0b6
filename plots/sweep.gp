# SPDX-License-Identifier: MIT
# Throughput against one axis of a sweep, for throughput.gp and size.gp.
#
# Before: figure, x_candidates.

load root.'/style.gp'
load prepare('sweep', "x='".x_candidates."' y=throughput unit=1e6")
load root.'/check.gp'

x_label = x_axis eq 'batch' ? 'Batch (requests handed over at a time)' : \
          x_axis eq 'req_size' ? 'Element size (bytes)' : \
          x_axis eq 'entries' ? 'Ring size (entries)' : x_axis
y_label = in_clock(measure eq 'one-way' ? 'Throughput (M requests/s)' : 'Throughput (M pairs/s)')
points = '$points'
lines = points
load root.'/split.gp'
