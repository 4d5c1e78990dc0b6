# SPDX-License-Identifier: MIT
# evtchn: the cost of sending and finding an event by delivery ABI, and how long a port waits at worst.

figure = 'evtchn'
if (!exists("root")) root = 'plots'
panel_specs = 'event_ns|ports|measure=send-idle|1|1 event_ns|ports|measure=scan,pending=1|1|1 '. \
    'event_ns|pending|measure=scan|1|1|ports worst_wait|ports|measure=order|1|1'
headings = '(a)_a_send_to_an_idle_port (b)_finding_one_pending_port (c)_finding_a_port_among_all_that_the_ABI_has '. \
    '(d)_longest_wait,_every_port_hot'
y_labels = 'ns ns ns Ports_served'
x_labels = '- Ports Pending_ports Ports'
load root.'/panels.gp'
