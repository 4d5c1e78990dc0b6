# SPDX-License-Identifier: MIT
# load: wake-ups and CPU time per request against offered load, a line a notification policy.

figure = 'load'
if (!exists("root")) root = 'plots'
load root.'/style.gp'
load prepare('load', '')
load root.'/check.gp'

PANEL = 1.12
key_entries = all
key_top = TOP + 2 * PANEL + GAP + XAXIS
load root.'/key.gp'
HEIGHT = key_top + KEY + CAPTION
load root.'/open.gp'

raws = ''
drawn = all

points = '$wakes'; lines = points
eval scale_wakes
eval panel(TOP, TOP + PANEL, '', 'Wake-ups per request')
eval silent_x
load root.'/panel.gp'

points = '$cpu'; lines = points
eval scale_cpu
eval panel(TOP + PANEL + GAP, TOP + 2 * PANEL + GAP, '', 'CPU per request (µs)')
set format x '%.10g'
eval scale_x
eval x_label_below(TOP + 2 * PANEL + GAP, 'Offered load (k requests/s)')
load root.'/panel.gp'

load root.'/close.gp'
