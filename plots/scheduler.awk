# SPDX-License-Identifier: MIT
# What figures of simulated schedulers and of event channels share: a series is a subject; a scheduler
# with warped wakers is a series of its own, and an ABI with an urgent event. Where domains are started, it
# is what was waited for.

# Adds the columns `series` and `domains` to a table, and finds what is predicted of its rows.
function name_series(table, rows,    r)
{
    for (r = 1; r <= rows; r++)
        cell[table, r, "series"] = cell[table, r, "subject"] (cell[table, r, "warp"] == "on" ? "+warp" : "") \
            (cell[table, r, "urgent"] == "on" ? "+urgent" : "")
    for (r = 1; r <= rows; r++)
        if (cell[table, r, "until"] != "" && cell[table, r, "until"] != "NA")
            cell[table, r, "series"] = cell[table, r, "until"]
    for (r = 1; r <= rows; r++)
        cell[table, r, "domains"] = cell[table, r, "hogs"] + (cell[table, r, "wakers"] + 0)
    find_predictions(table, rows)
}

# Rows of the simulator that are the same as another one of the table but for where: what it predicts of that.
# They are no series' own.
function find_predictions(table, rows,    r, of)
{
    if (!has_axis("machine"))
        return
    for (of = 1; of <= rows; of++)
        for (r = 1; r <= rows; r++)
            if (cell[table, r, "machine"] == "sim" && cell[table, of, "machine"] != "sim" && \
                meets(table, of, ENVIRON["where"]) && differ_in_place(table, r, of)) {
                prediction_of[table, of] = r
                predicts[table, r] = 1
            }
}

function differ_in_place(table, r, of,    i)
{
    for (i = 1; i <= AXES; i++)
        if (!index(" platform clock machine ", " " axis[i] " ") && \
            cell[table, r, axis[i]] "" != cell[table, of, axis[i]] "")
            return 0
    return 1
}

# That of a row that is drawn; 0: there is none.
function prediction(table, of)
{
    if (!((table, of) in prediction_of))
        return 0
    predicted = 1
    return prediction_of[table, of]
}

# What a caption says of it.
function prediction_text()
{
    return predicted ? "wide pale lines: as simulated" : ""
}

# Fixes all axes but those in `free`.
function slice_series(table, rows, free)
{
    sub(/domains/, "hogs wakers", free)
    slice(table, rows, "series", "series subject kind warp urgent until " free, "allowance_ns params")
}

# What is the same for all that is drawn, as a caption says it.
function world_text()
{
    return slice_text("machine ports hot again pending priorities burst serve_ns cpus mix hogs wakers weights load service service_ns think_ns switch_ns " \
                      "allowance_ns slice_ms params span_ms warmup_ms")
}
