/* The payload that plain scanning runs over: in order per direction, each byte once. */
#include "tests/unit/check.h"

#include "base/pcapng_write.h"
#include "bench/bare_payload.h"
#include "bench/exercise/frames.h"

#include <string.h>
#include <unistd.h>

#define CLIENT 0x0a000001u
#define SERVER 0x0a000002u

struct scene {
    struct events events;
    struct frame_path up, down;
    int64_t now;
    struct bare_payload payload;
};

static void begin(struct scene *s)
{
    *s = (struct scene){.up = {CLIENT, SERVER, 40000, 80, 0},
                        .down = {SERVER, CLIENT, 80, 40000, 0}};
}

static void send_tcp(struct scene *s, struct frame_path *path, uint8_t flags, uint32_t seq,
                     uint32_t ack, const char *text)
{
    frame_tcp(&s->events, s->now++, path, flags, seq, ack, text, strlen(text));
}

/* read_back: write the frames as a capture and record its payload. */
static void read_back(struct scene *s)
{
    char path[] = "/tmp/bare_payload_test.XXXXXX";
    struct pcapng_writer w = {0};
    struct diags diags = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0 && !s->events.failed);
    close(fd);
    assert_int_equal(pcapng_write_open(&w, path, &diags), 0);
    for (size_t i = 0; i < s->events.n; i++) {
        const struct event *e = &s->events.items[i];
        assert_int_equal(pcapng_write_frame(&w, e->ns, s->events.store + e->offset, e->len), 0);
    }
    assert_int_equal(pcapng_write_close(&w, &diags), 0);
    assert_int_equal(bare_payload_read(&s->payload, path, &diags), 0);
    unlink(path);
    diags_free(&diags);
}

static void expect_stream(const struct scene *s, uint32_t stream, const char *text)
{
    char got[256] = "";
    for (size_t i = 0; i < s->payload.n; i++)
        if (s->payload.spans[i].stream == stream)
            strncat(got, (const char *)s->payload.spans[i].data, s->payload.spans[i].len);
    assert_string_equal(got, text);
}

static void end(struct scene *s)
{
    bare_payload_free(&s->payload);
    events_free(&s->events);
}

static void segments_out_of_order_are_put_in_order(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    send_tcp(&s, &s.up, TCP_SYN, 99, 0, "");
    send_tcp(&s, &s.up, TCP_ACK, 103, 1, "def");
    send_tcp(&s, &s.up, TCP_ACK, 106, 1, "ghi");
    send_tcp(&s, &s.up, TCP_ACK, 100, 1, "abc");
    send_tcp(&s, &s.down, TCP_ACK, 1, 109, "answer");
    read_back(&s);
    assert_int_equal(s.payload.streams, 2);
    assert_int_equal(s.payload.bytes, 15);
    assert_int_equal(s.payload.gaps, 0);
    expect_stream(&s, 0, "abcdefghi");
    expect_stream(&s, 1, "answer");
    end(&s);
}

static void bytes_sent_again_count_once(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    send_tcp(&s, &s.up, TCP_SYN, 99, 0, "");
    send_tcp(&s, &s.up, TCP_SYN, 99, 0, "");
    send_tcp(&s, &s.up, TCP_ACK, 100, 1, "abc");
    send_tcp(&s, &s.up, TCP_ACK, 100, 1, "abc");
    send_tcp(&s, &s.up, TCP_ACK, 102, 1, "cde");
    read_back(&s);
    assert_int_equal(s.payload.offered, 9);
    assert_int_equal(s.payload.bytes, 5);
    assert_int_equal(s.payload.duplicate, 4);
    expect_stream(&s, 0, "abcde");
    end(&s);
}

static void a_hole_is_stepped_over_when_the_other_end_has_its_bytes(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    send_tcp(&s, &s.up, TCP_SYN, 99, 0, "");
    send_tcp(&s, &s.up, TCP_ACK, 110, 1, "later");
    send_tcp(&s, &s.down, TCP_ACK, 1, 115, "");
    send_tcp(&s, &s.up, TCP_ACK, 120, 1, "last");
    read_back(&s);
    assert_int_equal(s.payload.gaps, 2); /* the second one at the end of input */
    assert_int_equal(s.payload.gap_bytes, 15);
    expect_stream(&s, 0, "laterlast");
    end(&s);
}

static void ports_used_again_make_another_stream(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    send_tcp(&s, &s.up, TCP_SYN, 99, 0, "");
    send_tcp(&s, &s.up, TCP_ACK, 100, 1, "one");
    send_tcp(&s, &s.up, TCP_SYN, 4999, 0, "");
    send_tcp(&s, &s.up, TCP_ACK, 5000, 1, "two");
    read_back(&s);
    assert_int_equal(s.payload.streams, 2);
    expect_stream(&s, 0, "one");
    expect_stream(&s, 1, "two");
    end(&s);
}

static void datagrams_are_taken_as_they_come(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    frame_udp(&s.events, 1, &s.up, "question", 8);
    frame_udp(&s.events, 2, &s.down, "answer", 6);
    frame_udp(&s.events, 3, &s.up, "question", 8);
    read_back(&s);
    assert_int_equal(s.payload.streams, 2);
    assert_int_equal(s.payload.bytes, 22);
    expect_stream(&s, 0, "questionquestion");
    expect_stream(&s, 1, "answer");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_out_of_order_are_put_in_order),
        cmocka_unit_test(bytes_sent_again_count_once),
        cmocka_unit_test(a_hole_is_stepped_over_when_the_other_end_has_its_bytes),
        cmocka_unit_test(ports_used_again_make_another_stream),
        cmocka_unit_test(datagrams_are_taken_as_they_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
