/* Capture files. Checked: frames lie inside the file, are numbered without a hole, and their time
 * does not go back; a broken file says so once and then ends. */
#include "tests/fuzz/fuzz.h"

#include "dataplane/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct diags diags = {.limit = 16};
    struct capture *capture;
    struct frame frame;
    struct block_pool blocks = {0};
    must(block_pool_init(&blocks, 4) == 0);
    if (capture_open(&capture, fuzz_file(data, len), &blocks, &diags)) {
        must(diags.errors == 1);
        block_pool_free(&blocks);
        diags_free(&diags);
        return 0;
    }
    uint64_t n = 0, sum = 0;
    int64_t last = INT64_MIN;
    int got;
    while ((got = capture_next(capture, &frame, &diags)) > 0) {
        must(frame.number == ++n && frame.captured <= len && frame.t >= last);
        last = frame.t;
        for (uint32_t i = 0; i < frame.captured; i++)
            sum += frame.data[i];
    }
    must((got < 0) == (diags.errors == 1) && diags.errors <= 1);
    must(capture_next(capture, &frame, &diags) == 0 && sum <= 255 * (uint64_t)len);
    must(capture_counts(capture)->frames == n);
    capture_close(capture);
    block_pool_free(&blocks);
    diags_free(&diags);
    return 0;
}
