# SPDX-License-Identifier: MIT
# wakeup: the distribution of dispatch latency by scheduler, beside ever more domains that never sleep.

figure = 'wakeup'
if (!exists("root")) root = 'plots'
load root.'/style.gp'
load prepare('scheduler cdf', '')
load root.'/check.gp'

PANEL = 0.86
HEADING = 0.13
key_entries = all
key_top = TOP + panels * (HEADING + PANEL) + (panels - 1) * GAP + XAXIS
load root.'/key.gp'
HEIGHT = key_top + KEY + CAPTION
load root.'/open.gp'

# A y of 1 / (1 - p): each step up is ten times as rare.
set logscale y
set yrange [1:1250]
set ytics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000)
do for [p = 1:panels] {
    top = TOP + (p - 1) * (HEADING + PANEL + GAP) + HEADING
    unset label
    eval panel(top, top + PANEL, sprintf('(%s) %s', 'abcdef'[p:p], hogs[p]), 'Wake-ups (%)')
    set format x '%.10g'
    if (p == panels) {
        eval scale_x
        eval x_label_below(top + PANEL, 'Dispatch latency')
    } else { eval silent_x }
    lines = sprintf('$lines%d', p)
    points = sprintf('$points%d', p)
    predicted = sprintf('$predicted%d', p)
    load root.'/curves.gp'
}
load root.'/close.gp'
