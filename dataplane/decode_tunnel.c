/* Tunnels: packets inside packets. RFC 2003, 4213 (IP in IP), 2784 and 2890 (GRE), 2637 (its
 * version 1), 3378 (EtherIP), 4023 and 7510 (MPLS), 7348 (VXLAN), 8926 (Geneve), 3GPP TS 29.281
 * (GTP-U), 4380 (Teredo), draft-foschiano-erspan.
 *
 * The packet inside becomes the packet, if there is IP in it that can be read. If not, nothing has
 * changed: a port alone proves no tunnel, and what carries is inspected as what it is.
 */
#include "dataplane/decode_parts.h"

#include "base/ip_protocol.h"

#include <stddef.h>

#define BEHIND_NOTHING 0 /* no ethertype */

/* A row reads a tunnel's header and says the ethertype of what it carries. */
struct tunnel {
    uint16_t number; /* IP protocol, UDP port */
    uint16_t (*carries)(struct decoder *d);
    uint32_t layer;
};

static uint16_t carries_ip4(struct decoder *d)
{
    (void)d;
    return ETHERTYPE_IP4;
}

static uint16_t carries_ip6(struct decoder *d)
{
    (void)d;
    return ETHERTYPE_IP6;
}

static uint16_t carries_labels(struct decoder *d)
{
    (void)d;
    return 0x8847;
}

#define GRE_CHECKSUM 0x8000u
#define GRE_ROUTING  0x4000u
#define GRE_KEY      0x2000u
#define GRE_SEQUENCE 0x1000u
#define GRE_ACK      0x0080u /* version 1 */

#define ERSPAN_2 0x88be
#define ERSPAN_3 0x22eb

/* erspan: type I has no header, and no sequence number in GRE either; type III says in its last bit
 * whether eight more bytes follow. */
static uint16_t erspan(struct decoder *d, uint16_t type, bool sequence)
{
    d->pkt->layers |= LAYER_BIT(ERSPAN);
    const uint8_t *h = NULL;
    if (type == ERSPAN_3 && (h = reader_take(&d->r, 12)))
        reader_skip(&d->r, h[11] & 1 ? 8 : 0);
    else if (type == ERSPAN_2 && sequence)
        reader_skip(&d->r, 8);
    return ETHERTYPE_ETHERNET;
}

static uint16_t carries_gre(struct decoder *d)
{
    uint16_t flags = reader_be16(&d->r), type = reader_be16(&d->r);
    unsigned number = flags & 7;
    if (number > 1 || flags & GRE_ROUTING)
        return BEHIND_NOTHING;
    reader_skip(&d->r, flags & GRE_CHECKSUM ? 4 : 0);
    reader_skip(&d->r, flags & GRE_KEY ? 4 : 0);
    reader_skip(&d->r, flags & GRE_SEQUENCE ? 4 : 0);
    reader_skip(&d->r, number == 1 && flags & GRE_ACK ? 4 : 0);
    if (type == ERSPAN_2 || type == ERSPAN_3)
        return erspan(d, type, flags & GRE_SEQUENCE);
    return type;
}

static uint16_t carries_etherip(struct decoder *d)
{
    return reader_be16(&d->r) >> 12 == 3 ? ETHERTYPE_ETHERNET : BEHIND_NOTHING;
}

static uint16_t carries_vxlan(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 8);
    return h && h[0] & 0x08 ? ETHERTYPE_ETHERNET : BEHIND_NOTHING;
}

static uint16_t carries_geneve(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 8);
    if (!h || h[0] >> 6 != 0)
        return BEHIND_NOTHING;
    reader_skip(&d->r, (h[0] & 0x3f) * 4u);
    return load_be16(h + 2);
}

/* of_version: the packet's own first bits tell. */
static uint16_t of_version(struct decoder *d)
{
    if (d->r.failed || reader_left(&d->r) == 0)
        return BEHIND_NOTHING;
    unsigned number = *d->r.at >> 4;
    return number == 4 ? ETHERTYPE_IP4 : number == 6 ? ETHERTYPE_IP6 : BEHIND_NOTHING;
}

#define GTP_T_PDU 255

/* carries_gtp: 5.1; each extension header ends with the type of the next. */
static uint16_t carries_gtp(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 8);
    if (!h || h[0] >> 5 != 1 || !(h[0] & 0x10) || h[1] != GTP_T_PDU)
        return BEHIND_NOTHING;
    const uint8_t *optional = h[0] & 7 ? reader_take(&d->r, 4) : NULL;
    uint8_t next = optional && h[0] & 4 ? optional[3] : 0;
    while (next) {
        uint32_t len = reader_u8(&d->r) * 4u;
        const uint8_t *rest = len ? reader_take(&d->r, len - 1) : NULL;
        if (!rest)
            return BEHIND_NOTHING;
        next = rest[len - 2];
    }
    return of_version(d);
}

/* carries_teredo: 5.1.1: an authentication and an origin indication may stand in front. */
static uint16_t carries_teredo(struct decoder *d)
{
    if (reader_left(&d->r) >= 4 && load_be16(d->r.at) == 1) {
        const uint8_t *h = reader_take(&d->r, 4);
        reader_skip(&d->r, h[2] + h[3] + 9u);
    }
    if (reader_left(&d->r) >= 8 && load_be16(d->r.at) == 0)
        reader_skip(&d->r, 8);
    return of_version(d) == ETHERTYPE_IP6 ? ETHERTYPE_IP6 : BEHIND_NOTHING;
}

static const struct tunnel in_ip[] = {
    {4, carries_ip4, LAYER_BIT(IPIP)},
    {41, carries_ip6, LAYER_BIT(IPIP)},
    {47, carries_gre, LAYER_BIT(GRE)},
    {97, carries_etherip, LAYER_BIT(ETHERIP)},
    {137, carries_labels, LAYER_BIT(MPLS_TUNNEL)},
};

static const struct tunnel in_udp[] = {
#define X(port, carries, layer) {port, carries, LAYER_BIT(layer)},
    TUNNELS_IN_UDP(X)
#undef X
};

static bool is_read(unsigned verdict)
{
    return verdict == DECODE_TRANSPORT || verdict == DECODE_NETWORK || verdict == DECODE_FRAGMENT;
}

/* note_stripped: what begins here is to be a frame of its own, if a link type says what it is. */
static bool note_stripped(struct decoder *d, uint16_t ethertype)
{
    uint16_t linktype = ethertype == ETHERTYPE_ETHERNET ? LINKTYPE_ETHERNET
                        : ethertype == ETHERTYPE_IP4    ? LINKTYPE_IPV4
                        : ethertype == ETHERTYPE_IP6    ? LINKTYPE_IPV6
                                                        : 0;
    if (!linktype)
        return false;
    d->strip_linktype = linktype;
    d->strip_at = decode_place(d);
    return true;
}

/* enter: decode what a tunnel carries; `outer`, and the packet as it was, where that gives none. */
static unsigned enter(struct decoder *d, const struct tunnel *tunnel, unsigned outer)
{
    struct packet *p = d->pkt, before = *p;
    struct decoder outside = *d;
    if (p->tunnels == TUNNELS_MAX)
        return outer;
    uint16_t ethertype = tunnel->carries(d);
    if (ethertype == BEHIND_NOTHING || d->r.failed) {
        *d = outside;
        p->layers = before.layers;
        return outer;
    }
    uint32_t found = tunnel->layer | (p->layers & LAYER_BIT(ERSPAN));
    if (found & d->strip && note_stripped(d, ethertype))
        return outer;
    p->layers |= found;
    d->record = TUNNEL_BITS;
    d->link_headers = 0;
    d->cut = d->missing;
    p->tunnels++;
    p->source_port = p->target_port = p->network = 0;
    unsigned verdict = decode_ethertype(d, ethertype);
    if (verdict == DECODE_ONWARD)
        verdict = decode_ip(d);
    if (is_read(verdict))
        return verdict;
    uint32_t layers = p->layers;
    *p = before;
    p->layers = layers;
    *d = outside;
    return outer;
}

uint32_t decode_carries(uint8_t protocol)
{
    uint32_t layers = 0;
    for (size_t i = 0; i < sizeof in_ip / sizeof *in_ip; i++)
        if (in_ip[i].number == protocol)
            layers |= in_ip[i].layer | (in_ip[i].carries == carries_gre ? LAYER_BIT(ERSPAN) : 0);
    for (size_t i = 0; i < sizeof in_udp / sizeof *in_udp && protocol == IP_UDP; i++)
        layers |= in_udp[i].layer;
    return layers;
}

unsigned decode_tunnel_in_ip(struct decoder *d, uint8_t protocol, unsigned outer)
{
    for (size_t i = 0; i < sizeof in_ip / sizeof *in_ip; i++)
        if (in_ip[i].number == protocol)
            return enter(d, &in_ip[i], outer);
    return outer;
}

unsigned decode_tunnel_in_udp(struct decoder *d, unsigned outer)
{
    uint16_t a = d->pkt->source_port, b = d->pkt->target_port;
    for (size_t i = 0; i < sizeof in_udp / sizeof *in_udp; i++)
        if (in_udp[i].number == a || in_udp[i].number == b)
            return enter(d, &in_udp[i], outer);
    return outer;
}
