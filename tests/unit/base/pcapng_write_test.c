#include "tests/unit/check.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pcapng_write.h"

#include <string.h>
#include <unistd.h>

static void blocks_are_laid_out_as_the_format_says(void **state)
{
    (void)state;
    static const uint8_t want[] = {
        /* the section */
        0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0,
        /* the interface: Ethernet, no limit, nanoseconds */
        1, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32, 0,
        0, 0,
        /* five bytes at 0x0102030405060708 */
        6, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, 5, 0, 0, 0, 5, 0, 0, 0, 'h',
        'e', 'l', 'l', 'o', 0, 0, 0, 40, 0, 0, 0};
    char path[] = "/tmp/pcapng_write_test.XXXXXX";
    struct diags diags = {0};
    struct pcapng_writer w;
    struct text out = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pcapng_write_open(&w, path, &diags), 0);
    assert_int_equal(pcapng_write_frame(&w, 0x0102030405060708, "hello", 5), 0);
    assert_int_equal(w.packets, 1);
    assert_int_equal(pcapng_write_close(&w, &diags), 0);
    assert_int_equal(file_read(path, 1000, &out), 0);
    assert_int_equal(out.len, sizeof want);
    assert_memory_equal(out.data, want, sizeof want);
    assert_int_equal(unlink(path), 0);
    text_free(&out);
    diags_free(&diags);
}

static void a_packet_has_its_link_type_its_length_and_its_comment(void **state)
{
    (void)state;
    /* behind the section and the interface of Ethernet */
    static const uint8_t want[] = {
        /* an interface for link type 101, raw IP */
        1, 0, 0, 0, 32, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32,
        0, 0, 0,
        /* of 60 bytes on the wire one was captured; option 1 holds "two..." and the end follows */
        6, 0, 0, 0, 52, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 'x',
        0, 0, 0, 1, 0, 6, 0, 't', 'w', 'o', '.', '.', '.', 0, 0, 0, 0, 0, 0, 52, 0, 0, 0,
        /* the same again, without a comment: the interface is there */
        6, 0, 0, 0, 36, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 'x',
        0, 0, 0, 36, 0, 0, 0,
        /* with four bytes of check sequence: option 2, bits 5 to 8 */
        6, 0, 0, 0, 48, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 'x',
        0, 0, 0, 2, 0, 4, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0};
    char path[] = "/tmp/pcapng_write_test.XXXXXX";
    struct diags diags = {0};
    struct pcapng_writer w;
    struct text out = {0};
    struct pcapng_packet packet = {
        .ns = 7, .data = "x", .captured = 1, .wire = 60, .linktype = 101, .comment = "two..."};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pcapng_write_open(&w, path, &diags), 0);
    assert_int_equal(pcapng_write_packet(&w, &packet), 0);
    packet.comment = NULL;
    assert_int_equal(pcapng_write_packet(&w, &packet), 0);
    packet.fcs = 4;
    assert_int_equal(pcapng_write_packet(&w, &packet), 0);
    assert_int_equal(pcapng_write_close(&w, &diags), 0);
    assert_int_equal(file_read(path, 1000, &out), 0);
    assert_int_equal(out.len, 60 + sizeof want);
    assert_memory_equal(out.data + 60, want, sizeof want);
    assert_int_equal(unlink(path), 0);
    text_free(&out);
    diags_free(&diags);
}

static void one_link_type_too_many_is_an_error(void **state)
{
    (void)state;
    struct diags diags = {0};
    struct pcapng_writer w;
    assert_int_equal(pcapng_write_open(&w, "/dev/null", &diags), 0);
    for (uint16_t i = 0; i < PCAPNG_INTERFACES; i++) { /* one is there already */
        struct pcapng_packet packet = {
            .data = "x", .captured = 1, .wire = 1, .linktype = (uint16_t)(200 + i)};
        assert_int_equal(pcapng_write_packet(&w, &packet),
                         i + 1 < PCAPNG_INTERFACES ? 0 : ERR_RANGE);
    }
    assert_int_equal(pcapng_write_close(&w, &diags), ERR_RANGE);
    diags_free(&diags);
}

static void a_full_disk_is_told_at_the_end(void **state)
{
    (void)state;
    struct diags diags = {0};
    struct pcapng_writer w;
    assert_int_equal(pcapng_write_open(&w, "/dev/full", &diags), 0);
    pcapng_write_frame(&w, 1, "hello", 5);
    assert_int_equal(pcapng_write_close(&w, &diags), ERR_IO);
    assert_int_equal(diags.n, 1);
    assert_non_null(strstr(diags.items[0].text, "No space left"));
    diags_free(&diags);
}

static void a_missing_folder_and_a_negative_time_are_errors(void **state)
{
    (void)state;
    struct diags diags = {0};
    struct pcapng_writer w;
    assert_int_equal(pcapng_write_open(&w, "/nonexistent/c", &diags), ERR_IO);
    assert_int_equal(pcapng_write_open(&w, "/dev/null", &diags), 0);
    assert_int_equal(pcapng_write_frame(&w, -1, "x", 1), ERR_RANGE);
    assert_int_equal(pcapng_write_frame(&w, 1, "x", 1), ERR_RANGE);
    assert_int_equal(pcapng_write_close(&w, &diags), ERR_RANGE);
    assert_int_equal(diags.n, 2);
    diags_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_laid_out_as_the_format_says),
        cmocka_unit_test(a_packet_has_its_link_type_its_length_and_its_comment),
        cmocka_unit_test(one_link_type_too_many_is_an_error),
        cmocka_unit_test(a_full_disk_is_told_at_the_end),
        cmocka_unit_test(a_missing_folder_and_a_negative_time_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
