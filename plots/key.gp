# SPDX-License-Identifier: MIT
# Places the key: key_entries is a list of series, `|` ends a row. Sets key_columns and KEY, its
# height; close.gp draws it.

LETTER = 0.053 # mean width of a letter of a name, with some to spare
longest = 0
do for [i = 1:series] { longest = max(longest, strlen(name[i])) }
key_columns = int(max(1, (WIDTH - KEY_LEFT) / (SAMPLE + 0.09 + longest * LETTER)))
rows = 0
column = 0
do for [entry in key_entries.' |'] {
    if (entry eq '|') {
        rows = rows + (column > 0)
        column = 0
    } else {
        column = column + 1
        if (column == key_columns) { rows = rows + 1; column = 0 }
    }
}
KEY = rows * KEY_ROW + 0.05
