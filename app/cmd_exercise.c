/* plimsoll exercise grid: a made capture in which somebody crosses the lines of the example accord.
 */
#include "app/commands.h"

#include "base/error.h"
#include "base/text.h"
#include "bench/exercise/exercise.h"

#include <stddef.h>
#include <string.h>

struct exercise_options {
    uint64_t seed;
    bool benign;
    const char *output;
};

static const struct option exercise_options[] = {
    {"seed", "N", OPTION_NUMBER, offsetof(struct exercise_options, seed),
     "the same seed gives the same bytes"},
    {"benign", NULL, OPTION_FLAG, offsetof(struct exercise_options, benign),
     "the twin: the same background without anybody who crosses a line"},
    {"o", "FILE", OPTION_TEXT, offsetof(struct exercise_options, output),
     "the capture, FILE.pcapng; the truth goes to FILE.truth.json beside it"},
};

static void truth_path(struct text *out, const char *capture)
{
    const char *dot = strrchr(capture, '.');
    size_t stem = dot && strcmp(dot, ".pcapng") == 0 ? (size_t)(dot - capture) : strlen(capture);
    text_append(out, capture, stem);
    text_puts(out, ".truth.json");
}

static int run_grid(const struct command *command, int argc, char **argv)
{
    struct exercise_options options = {.seed = 1};
    struct option_list operands = {0};
    struct diags diags = {0};
    struct text truth = {0};
    int code = EXIT_USAGE;
    int error = options_parse(command, argc, argv, &options, &operands, &diags);
    if (error == 1) {
        code = EXIT_DONE;
    } else if (!error && (operands.n || !options.output)) {
        diag_error(&diags, ERR_USAGE, diag_file(NULL),
                   "plimsoll exercise grid --seed 1 -o grid.pcapng",
                   operands.n ? "unexpected operand" : "-o FILE is needed");
    } else if (!error) {
        truth_path(&truth, options.output);
        struct exercise_config config = {.seed = options.seed,
                                         .benign = options.benign,
                                         .capture_path = options.output,
                                         .truth_path = text_str(&truth)};
        code = exercise_grid(&config, &diags) ? EXIT_PARTIAL : EXIT_DONE;
    }
    diags_print(&diags, stderr);
    diags_free(&diags);
    text_free(&truth);
    options_list_free(&operands);
    return code;
}

const struct command cmd_exercise_grid = {
    .name = "exercise grid",
    .synopsis = "[--seed N] [--benign] -o FILE.pcapng",
    .summary = "make a capture of a power and water network under a sweep and foreign commands",
    .help =
        "The truth file says who meant what and when; it says nothing of what a sensor can see.\n",
    .options = exercise_options,
    .n_options = sizeof exercise_options / sizeof exercise_options[0],
    .run = run_grid,
};
