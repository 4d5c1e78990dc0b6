# SPDX-License-Identifier: MIT
# A series is a notification policy; one that holds requests back is a series for each number of them.

# Adds the column `series` to a table.
function name_series(table, rows,    r)
{
    for (r = 1; r <= rows; r++)
        cell[table, r, "series"] = cell[table, r, "policy"] \
            (is_number(cell[table, r, "coalesce_n"]) ? "-" cell[table, r, "coalesce_n"] : "")
}

# Fixes all axes but those in `free`.
function slice_series(table, rows, free)
{
    slice(table, rows, "series", "series policy coalesce_n " free, "coalesce_ns")
}

# The simulator predicts nothing of them.
function prediction(table, of)
{
    return 0
}

function prediction_text()
{
    return ""
}

# What is the same for all that is drawn, as a caption says it.
function world_text(    r, held, text)
{
    for (r = 1; r <= rows; r++)
        if (kept[r] && is_number(cell["t", r, "coalesce_ns"]))
            held = cell["t", r, "coalesce_ns"]
    text = slice_text("machine cpus subject events batch entries load requests service_ns")
    return text (held == "" ? "" : ", coalesce for " time(held) " at most")
}
