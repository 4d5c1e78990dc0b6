# SPDX-License-Identifier: MIT
# scale: unfairness, and the cost of a decision, against the number of domains that want to run.

figure = 'scale'
if (!exists("root")) root = 'plots'
panel_specs = 'unfairness|domains|measure=simulated|1|1 instructions_per_decision|domains|measure=instructions|1|1'
headings = '(a)_unfairness (b)_a_decision,_simulator_included'
y_labels = '1_−_Jain_index Instructions'
x_labels = 'Domains Domains'
load root.'/panels.gp'
