/* Frames for tests: a description is laid out as bytes, and where each layer begins is kept, so
 * that what a test expects comes from the description and not from the decoder. */
#ifndef TESTS_UNIT_DATAPLANE_FRAME_BUILD_H
#define TESTS_UNIT_DATAPLANE_FRAME_BUILD_H

#include "base/address.h"
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAME_ROOM 4096

/* What a frame is to hold; zeroed: Ethernet, IPv4, no transport. Addresses are 10.0.0.n or
 * 2001:db8::n. */
struct frame_spec {
    uint16_t vlan_type[5], vlan_id[5];
    unsigned vlans;
    uint16_t ethertype; /* 0: that of the IP version */
    bool v6;
    uint8_t source, target;
    uint8_t extensions[6]; /* numbers of IPv6 extension headers, 0-terminated; hop-by-hop is 255 */
    uint8_t extension_units;
    unsigned ip_options; /* bytes */
    uint16_t fragment;   /* the field of the IP header or of the fragment header, as on the wire */
    bool length_zero;    /* the IP length is left out */
    uint8_t transport;
    uint16_t source_port, target_port;
    uint32_t seq, ack;
    uint8_t flags;
    unsigned tcp_options; /* bytes */
    const void *payload;
    unsigned payload_len;
    unsigned udp_slack; /* bytes in the IP packet behind what UDP says */
    unsigned padding;   /* behind the IP packet */
};

struct built_frame {
    uint8_t data[FRAME_ROOM];
    uint32_t len;                                  /* with padding */
    uint32_t network_at, transport_at, payload_at; /* 0 where there is none */
    uint32_t network_end;                          /* behind the IP packet */
};

static inline struct address spec_address(const struct frame_spec *s, uint8_t host)
{
    if (s->v6)
        return (struct address){{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host}};
    return address_v4((uint8_t[4]){10, 0, 0, host});
}

static inline uint8_t *frame_room(struct built_frame *f, uint32_t n)
{
    if (f->len + n > FRAME_ROOM) {
        fputs("a test frame is too long\n", stderr);
        abort();
    }
    uint8_t *at = f->data + f->len;
    memset(at, 0, n);
    f->len += n;
    return at;
}

static inline void build_link(const struct frame_spec *s, struct built_frame *f)
{
    uint16_t inner = s->ethertype ? s->ethertype : s->v6 ? 0x86dd : 0x0800;
    uint8_t *h = frame_room(f, 14);
    h[0] = h[6] = 2;
    h[5] = s->target;
    h[11] = s->source;
    store_be16(h + 12, s->vlans ? s->vlan_type[0] : inner);
    for (unsigned i = 0; i < s->vlans; i++) {
        h = frame_room(f, 4);
        store_be16(h, s->vlan_id[i]);
        store_be16(h + 2, i + 1 < s->vlans ? s->vlan_type[i + 1] : inner);
    }
}

static inline void build_network4(const struct frame_spec *s, struct built_frame *f)
{
    struct address source = spec_address(s, s->source), target = spec_address(s, s->target);
    uint8_t *h = frame_room(f, 20 + s->ip_options);
    h[0] = (uint8_t)(0x45 + s->ip_options / 4);
    store_be16(h + 6, s->fragment);
    h[8] = 64;
    h[9] = s->transport;
    memcpy(h + 12, source.b + 12, 4);
    memcpy(h + 16, target.b + 12, 4);
}

static inline void build_network6(const struct frame_spec *s, struct built_frame *f)
{
    struct address source = spec_address(s, s->source), target = spec_address(s, s->target);
    uint8_t *h = frame_room(f, 40), *next = h + 6;
    h[0] = 0x60;
    h[7] = 64;
    memcpy(h + 8, source.b, 16);
    memcpy(h + 24, target.b, 16);
    for (const uint8_t *kind = s->extensions; *kind; kind++) {
        uint8_t number = *kind == 255 ? 0 : *kind;
        /* RFC 8200, 4.3: units of 8 beyond the first; AH (RFC 4302, 2.2): units of 4, minus 2. */
        uint8_t *e = frame_room(f, number == 44 ? 8 : 8 + 8u * s->extension_units);
        *next = number;
        next = e;
        if (number == 44)
            store_be16(e + 2, s->fragment);
        else
            e[1] = number == 51 ? (uint8_t)(2 * s->extension_units) : s->extension_units;
    }
    *next = s->transport;
}

static inline void build_transport(const struct frame_spec *s, struct built_frame *f)
{
    f->transport_at = f->len;
    if (s->transport == 6) {
        uint8_t *h = frame_room(f, 20 + s->tcp_options);
        store_be32(h + 4, s->seq);
        store_be32(h + 8, s->ack);
        h[12] = (uint8_t)((5 + s->tcp_options / 4) << 4);
        h[13] = s->flags;
    } else if (s->transport == 17) {
        uint8_t *h = frame_room(f, 8);
        store_be16(h + 4, (uint16_t)(8 + s->payload_len));
    } else {
        return;
    }
    store_be16(f->data + f->transport_at, s->source_port);
    store_be16(f->data + f->transport_at + 2, s->target_port);
}

static inline void build_frame(const struct frame_spec *s, struct built_frame *f)
{
    f->len = f->network_at = f->transport_at = f->payload_at = 0;
    build_link(s, f);
    f->network_at = f->len;
    if (s->ethertype == 0) {
        (s->v6 ? build_network6 : build_network4)(s, f);
        build_transport(s, f);
    }
    f->payload_at = f->len;
    uint8_t *payload = frame_room(f, s->payload_len);
    for (unsigned i = 0; i < s->payload_len; i++)
        payload[i] = s->payload ? ((const uint8_t *)s->payload)[i] : (uint8_t)(i + 1);
    frame_room(f, s->udp_slack);
    f->network_end = f->len;
    if (s->ethertype == 0 && !s->length_zero) {
        if (s->v6)
            store_be16(f->data + f->network_at + 4, (uint16_t)(f->len - f->network_at - 40));
        else
            store_be16(f->data + f->network_at + 2, (uint16_t)(f->len - f->network_at));
    }
    memset(frame_room(f, s->padding), 0xee, s->padding);
}

#endif
