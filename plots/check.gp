# SPDX-License-Identifier: MIT
# Ends with a message if the data that was just prepared cannot be drawn; tells of what is left out.

if (!exists("caption_lines") && failure eq '') failure = 'the data could not be prepared'
if (failure ne '') {
    print figure.'.gp: '.failure
    if (exists("nothing")) { exit status 3 } # there is nothing to be drawn, and nothing wrong
    exit status 1
}
# Once, not with every format of a figure.
if (others ne '' && format eq 'pdf') print figure.'.gp: not drawn: '.others." (draw it with where='axis=value')"
CAPTION = caption_lines * CAPTION_ROW + 0.06
