# SPDX-License-Identifier: MIT
# Opens the picture, HEIGHT inches high, so that type, lines and marks come out at the same size on
# paper whatever the format. Each terminal counts them in its own way: both cairo terminals take a
# point of type for 1/96 inch, and only pdfcairo scales lines and marks with the paper. The SVG's unit
# is 1/144 inch, the PNG has 300 dots to the inch.

if (format eq 'pdf') {
    set terminal pdfcairo noenhanced color size WIDTH, HEIGHT font FONT.sprintf(',%g', TEXT) fontscale 0.75
}
if (format eq 'png') {
    set terminal pngcairo noenhanced color size WIDTH * 300, HEIGHT * 300 background '#FFFFFF' \
        font FONT.sprintf(',%g', TEXT) fontscale 300.0 / 96 linewidth 300 * 0.5 * PT pointscale 300 / 72.0
}
if (format eq 'svg') {
    FONT = FONT.', Arial, Helvetica, sans-serif'
    set terminal svg noenhanced size WIDTH * 144, HEIGHT * 144 background '#FFFFFF' \
        font FONT.sprintf(',%g', TEXT * 2) linewidth 1
    TEXT = TEXT * 2
    SMALL = SMALL * 2
    MARK = MARK * 1.15
    set xtics offset 0, 0.45 # this terminal hangs tic labels lower than the others
}
set output out.'.'.format
set multiplot
