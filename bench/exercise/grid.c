/* The grid exercise: play the casts, sort what they made, write capture and truth. */
#include "bench/exercise/exercise.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pcapng_write.h"
#include "bench/exercise/script.h"

#include <errno.h>
#include <string.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define GRID_START    (INT64_C(1772352000) * NS_PER_SECOND) /* 2026-03-01T08:00:00Z */
#define GRID_LASTS    (40 * 60 * NS_PER_SECOND)

static void play(struct script *script, const struct role *cast)
{
    for (; cast->name; cast++)
        script_play(script, cast);
}

static int write_capture(const struct script *script, const char *path, struct diags *diags)
{
    struct pcapng_writer w;
    int error = pcapng_write_open(&w, path, diags);
    if (error)
        return error;
    for (size_t i = 0; i < script->events.n; i++) {
        const struct event *e = &script->events.items[i];
        if (pcapng_write_frame(&w, e->ns, script->events.store + e->offset, e->len))
            break;
    }
    return pcapng_write_close(&w, diags);
}

static int write_truth(const struct script *script, const struct exercise_config *config,
                       struct diags *diags)
{
    struct text text = {0};
    script_truth(script, "grid", config->benign, &text);
    int error = text.failed ? ERR_NOMEM : 0;
    if (error)
        diag_error(diags, error, diag_file(config->truth_path), NULL, "out of memory");
    else if ((error = file_replace(config->truth_path, text.data, text.len, 0644)))
        diag_error(diags, error, diag_file(config->truth_path),
                   "check the folder, its permissions and the free space",
                   "cannot write the truth: %s", strerror(errno));
    text_free(&text);
    return error;
}

int exercise_grid(const struct exercise_config *config, struct diags *diags)
{
    struct script script = {
        .seed = config->seed, .start = GRID_START, .end = GRID_START + GRID_LASTS};
    play(&script, grid_background);
    play(&script, grid_background_sessions);
    if (!config->benign) {
        play(&script, grid_hostile);
        play(&script, grid_hostile_sessions);
    }
    events_sort(&script.events);
    int error = 0;
    if (script.failed || script.events.failed)
        error = diag_error(diags, ERR_NOMEM, diag_file(config->capture_path), NULL,
                           "out of memory while making the exercise");
    if (!error)
        error = write_capture(&script, config->capture_path, diags);
    if (!error)
        error = write_truth(&script, config, diags);
    script_free(&script);
    return error;
}
