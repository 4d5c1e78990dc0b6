# SPDX-License-Identifier: MIT
# events: how long an event takes to another domain's handler, alone and behind others, and how many
# others are handled before it where those come again, by delivery ABI.

figure = 'events'
if (!exists("root")) root = 'plots'
panel_specs = 'p50_ns|ports|measure=events|1|1 p50_ns|hot|measure=order,again=off|1|1 rank_max|hot|measure=order,again=on|1|1'
headings = '(a)_an_event_alone:_median (b)_behind_hot_ports:_median (c)_latest_turn,_hot_ports_sent_to_again'
y_labels = 'ns ns Turn_(1:_first)'
x_labels = 'Ports - Hot_ports'
load root.'/panels.gp'
