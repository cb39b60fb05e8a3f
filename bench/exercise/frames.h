/* Frames: Ethernet, IPv4, TCP and UDP with right checksums, gathered in a list of events.
 *
 * Addresses are IPv4 in host order. A MAC is locally administered and derived from the address.
 * Sources: RFC 791, RFC 9293, RFC 768, RFC 1071 (checksum).
 */
#ifndef BENCH_EXERCISE_FRAMES_H
#define BENCH_EXERCISE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };
#define FRAME_PAYLOAD_MAX 1460

/* One frame at one time; its bytes are at `offset` of the list's store. */
struct event {
    int64_t ns; /* since 1970 */
    size_t offset;
    uint32_t len;
};

/* The list owns events and store. Zero-initialise; events_free when done. One thread. An addition
 * that runs out of memory sets `failed`; ask once at the end. */
struct events {
    struct event *items;
    size_t n, cap;
    uint8_t *store;
    size_t used, room;
    bool failed;
};

void events_free(struct events *events);
/* events_sort: by time; frames of the same time stay in the order they were made. */
void events_sort(struct events *events);

/* One way of one conversation. ip_id is counted up by every frame the sender makes. */
struct frame_path {
    uint32_t from, to;
    uint16_t from_port, to_port;
    uint16_t ip_id;
};

/* frame_udp, frame_tcp: append one frame.
 *   len  at most FRAME_PAYLOAD_MAX
 *   ack  written only with TCP_ACK */
void frame_udp(struct events *events, int64_t ns, struct frame_path *path, const void *payload,
               size_t len);
void frame_tcp(struct events *events, int64_t ns, struct frame_path *path, uint8_t flags,
               uint32_t seq, uint32_t ack, const void *payload, size_t len);

#endif
