/* Building frames byte by byte into one growing store. */
#include "bench/exercise/frames.h"

#include "base/bytes.h"

#include <stdlib.h>

enum {
    ETHERNET_ROOM = 14,
    IPV4_ROOM = 20,
    UDP_ROOM = 8,
    TCP_ROOM = 20,
    MSS_ROOM = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TTL = 64,
    WINDOW = 64240,
};

void events_free(struct events *events)
{
    free(events->items);
    free(events->store);
    *events = (struct events){0};
}

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    /* The store only grows, so the offset is the order of making. */
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

void events_sort(struct events *events)
{
    if (events->n)
        qsort(events->items, events->n, sizeof *events->items, by_time);
}

/* Room for one frame, or NULL with `failed` set. */
static uint8_t *new_frame(struct events *events, int64_t ns, size_t len)
{
    if (events->failed)
        return NULL;
    if (events->n == events->cap) {
        size_t cap = events->cap ? events->cap * 2 : 4096;
        struct event *items = realloc(events->items, cap * sizeof *items);
        if (!items) {
            events->failed = true;
            return NULL;
        }
        events->items = items;
        events->cap = cap;
    }
    if (events->room - events->used < len) {
        size_t room = events->room ? events->room * 2 : 1 << 20;
        uint8_t *store = realloc(events->store, room);
        if (!store) {
            events->failed = true;
            return NULL;
        }
        events->store = store;
        events->room = room;
    }
    events->items[events->n++] =
        (struct event){.ns = ns, .offset = events->used, .len = (uint32_t)len};
    uint8_t *frame = events->store + events->used;
    events->used += len;
    memset(frame, 0, len);
    return frame;
}

static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t len)
{
    for (; len > 1; p += 2, len -= 2)
        sum += load_be16(p);
    return len ? sum + (uint32_t)(*p << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put_mac(uint8_t *p, uint32_t address)
{
    p[0] = 0x02; /* locally administered, one receiver */
    p[1] = 0x00;
    store_be32(p + 2, address);
}

/* Ethernet and IPv4 before `len` bytes of transport; returns where those go. */
static uint8_t *put_network(uint8_t *frame, struct frame_path *path, uint8_t protocol, size_t len)
{
    put_mac(frame, path->to);
    put_mac(frame + 6, path->from);
    store_be16(frame + 12, 0x0800);
    uint8_t *ip = frame + ETHERNET_ROOM;
    ip[0] = 0x45;
    store_be16(ip + 2, (uint16_t)(IPV4_ROOM + len));
    store_be16(ip + 4, path->ip_id++);
    store_be16(ip + 6, 0x4000); /* do not fragment */
    ip[8] = TTL;
    ip[9] = protocol;
    store_be32(ip + 12, path->from);
    store_be32(ip + 16, path->to);
    store_be16(ip + 10, fold(sum_words(0, ip, IPV4_ROOM)));
    return ip + IPV4_ROOM;
}

static uint16_t transport_checksum(const struct frame_path *path, uint8_t protocol,
                                   const uint8_t *transport, size_t len)
{
    uint32_t sum = (path->from >> 16) + (path->from & 0xffff) + (path->to >> 16) +
                   (path->to & 0xffff) + protocol + (uint32_t)len;
    return fold(sum_words(sum, transport, len));
}

void frame_udp(struct events *events, int64_t ns, struct frame_path *path, const void *payload,
               size_t len)
{
    size_t room = UDP_ROOM + len;
    uint8_t *frame = new_frame(events, ns, ETHERNET_ROOM + IPV4_ROOM + room);
    if (!frame)
        return;
    uint8_t *udp = put_network(frame, path, PROTOCOL_UDP, room);
    store_be16(udp, path->from_port);
    store_be16(udp + 2, path->to_port);
    store_be16(udp + 4, (uint16_t)room);
    if (len)
        memcpy(udp + UDP_ROOM, payload, len);
    uint16_t sum = transport_checksum(path, PROTOCOL_UDP, udp, room);
    store_be16(udp + 6, sum ? sum : 0xffff); /* 0 would say: no checksum */
}

void frame_tcp(struct events *events, int64_t ns, struct frame_path *path, uint8_t flags,
               uint32_t seq, uint32_t ack, const void *payload, size_t len)
{
    size_t header = TCP_ROOM + (flags & TCP_SYN ? MSS_ROOM : 0);
    uint8_t *frame = new_frame(events, ns, ETHERNET_ROOM + IPV4_ROOM + header + len);
    if (!frame)
        return;
    uint8_t *tcp = put_network(frame, path, PROTOCOL_TCP, header + len);
    store_be16(tcp, path->from_port);
    store_be16(tcp + 2, path->to_port);
    store_be32(tcp + 4, seq);
    store_be32(tcp + 8, flags & TCP_ACK ? ack : 0);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = flags;
    store_be16(tcp + 14, flags & TCP_RST ? 0 : WINDOW);
    if (flags & TCP_SYN) {
        tcp[20] = 2; /* maximum segment size */
        tcp[21] = MSS_ROOM;
        store_be16(tcp + 22, FRAME_PAYLOAD_MAX);
    }
    if (len)
        memcpy(tcp + header, payload, len);
    store_be16(tcp + 16, transport_checksum(path, PROTOCOL_TCP, tcp, header + len));
}
