/* SPDX-License-Identifier: MIT */
/* A command line with an option of each kind: what they are set to is what they may be. */
#include <stdlib.h>
#include <string.h>

#include "hv/core/option.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_hv.h"

#define LOWEST 5
#define HIGHEST 500
#define SIZE_HIGHEST (1UL << 46)

static uint64_t number;
OPTION_NUMBER("number", number, LOWEST, HIGHEST, "");
static uint64_t any;
OPTION_NUMBER("any", any, 0, UINT64_MAX, "");
static uint64_t bytes;
OPTION_SIZE("size", bytes, 0, SIZE_HIGHEST, "");
static bool flag;
OPTION_FLAG("flag", flag, "");
static unsigned choice;
OPTION_CHOICE("choice", choice, "", "one", "two", "three");
static char text[8];
OPTION_TEXT("text", text, "");

void fuzz_option_one(const uint8_t *data, size_t size)
{
    char *line = (char *)malloc(size + 1);
    char error[64];
    if (line == NULL)
        abort();
    if (size != 0)
        memcpy(line, data, size);
    line[size] = '\0';
    fuzz_call("options_parse", 0);
    number = LOWEST;
    bytes = any = choice = 0;
    flag = false;
    memset(text, 0, sizeof(text));
    memset(error, '#', sizeof(error));
    bool taken = options_parse(line, error, sizeof(error));
    fuzz_check(taken == (error[0] == '#' && error[sizeof(error) - 1] == '#'));
    fuzz_check(taken || memchr(error, '\0', sizeof(error)) != NULL);
    fuzz_check(number >= LOWEST && number <= HIGHEST && bytes <= SIZE_HIGHEST && choice <= 2);
    fuzz_check(memchr(text, '\0', sizeof(text)) != NULL);
    free(line);
}
