/* The link: what stands in front of the network header. IEEE 802.3, 802.1Q, 802.2; RFC 1042 (LLC
 * and SNAP), RFC 3032 (MPLS), RFC 4385 (pseudowires), RFC 2516 and 1661 (PPPoE, PPP), the registry
 * of link types for loopback and cooked captures.
 *
 * Each row of a table reads one header and says the ethertype of what follows, so that any may
 * follow any; numbers of other spaces (PPP, address families, the version of raw IP) are put as
 * ethertypes.
 */
#include "dataplane/decode_parts.h"

#include <stddef.h>
#include <string.h>

/* No ethertype: the header is cut, or what follows is not looked into. Lengths of 802.3 lie below
 * 1536, so that these values are free. */
#define FOLLOWS_CUT  0
#define FOLLOWS_NONE 1

#define LENGTH_MAX 1500 /* IEEE 802.3, 3.2.6: up to here the field is a length */

struct header_row {
    uint16_t number;
    uint16_t (*follows)(struct decoder *d);
};

static uint16_t behind_llc(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 3);
    if (!h)
        return FOLLOWS_CUT;
    if (h[0] == 0x06 && h[1] == 0x06 && h[2] == 0x03)
        return ETHERTYPE_IP4;
    if (h[0] != 0xaa || h[1] != 0xaa || h[2] != 0x03)
        return FOLLOWS_NONE;
    h = reader_take(&d->r, 5);
    if (!h)
        return FOLLOWS_CUT;
    /* Organisation 0, or the one by which bridges carried ethertypes (RFC 1042; 802.1H). */
    bool ethertype = h[0] == 0 && h[1] == 0 && (h[2] == 0 || h[2] == 0xf8);
    return ethertype ? load_be16(h + 3) : FOLLOWS_NONE;
}

/* type_or_length: what the last field of an Ethernet header or of a tag says. */
static uint16_t type_or_length(struct decoder *d, const uint8_t *field)
{
    uint16_t type = load_be16(field);
    return type > LENGTH_MAX ? type : behind_llc(d);
}

static uint16_t behind_ethernet(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 14);
    return h ? type_or_length(d, h + 12) : FOLLOWS_CUT;
}

static uint16_t behind_tag(struct decoder *d)
{
    decode_layer(d, LAYER_BIT(VLAN));
    const uint8_t *h = reader_take(&d->r, 4);
    if (!h)
        return FOLLOWS_CUT;
    if (d->pkt->vlan == 0 && d->pkt->tunnels == 0)
        d->pkt->vlan = load_be16(h) & 0x0fff;
    return type_or_length(d, h + 2);
}

/* behind_vn_tag: the tag of a port extender, of 4 bytes; behind_e_tag: IEEE 802.1BR, of 6. Both end
 * with the type of what follows. */
static uint16_t behind_vn_tag(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 6);
    return h ? type_or_length(d, h + 4) : FOLLOWS_CUT;
}

static uint16_t behind_e_tag(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 8);
    return h ? type_or_length(d, h + 6) : FOLLOWS_CUT;
}

/* version: which IP the next byte begins. */
static uint16_t version(struct decoder *d)
{
    if (reader_left(&d->r) == 0)
        return FOLLOWS_CUT;
    unsigned nibble = *d->r.at >> 4;
    return nibble == 4 ? ETHERTYPE_IP4 : nibble == 6 ? ETHERTYPE_IP6 : FOLLOWS_NONE;
}

/* pseudowire: Ethernet behind labels, with a control word in front when its first bits are zero. A
 * destination address may begin so too; the labels do not tell. */
static uint16_t pseudowire(struct decoder *d)
{
    if (*d->r.at >> 4 == 0)
        reader_skip(&d->r, 4);
    d->pkt->layers |= LAYER_BIT(PSEUDOWIRE);
    d->record = TUNNEL_BITS;
    d->pkt->tunnels++;
    return behind_ethernet(d);
}

static uint16_t behind_labels(struct decoder *d)
{
    decode_layer(d, LAYER_BIT(MPLS));
    for (;;) {
        const uint8_t *h = reader_take(&d->r, 4);
        if (!h)
            return FOLLOWS_CUT;
        if (!(h[2] & 1)) {
            d->link_headers++;
            continue;
        }
        uint32_t label = load_be32(h) >> 12; /* of the bottom of the stack */
        if (label == 0 || label == 2)        /* explicit null: RFC 3032, 2.1 */
            return label ? ETHERTYPE_IP6 : ETHERTYPE_IP4;
        break;
    }
    uint16_t ip = version(d);
    return ip == FOLLOWS_NONE ? pseudowire(d) : ip;
}

/* Rows: number of the protocol in PPP, ethertype. */
static const uint16_t ppp_protocols[][2] = {
    {0x0021, ETHERTYPE_IP4}, {0x0057, ETHERTYPE_IP6}, {0x0281, 0x8847}, {0x0283, 0x8848}};

/* behind_ppp: a protocol number whose first byte is odd is that byte alone (RFC 1661, 6.5); address
 * and control may stand in front. */
static uint16_t behind_ppp(struct decoder *d)
{
    if (reader_left(&d->r) == 1 && *d->r.at == 0xff)
        return FOLLOWS_CUT;
    if (reader_left(&d->r) >= 2 && load_be16(d->r.at) == 0xff03)
        reader_skip(&d->r, 2);
    unsigned protocol = reader_u8(&d->r);
    if (!(protocol & 1))
        protocol = protocol << 8 | reader_u8(&d->r);
    if (d->r.failed)
        return FOLLOWS_CUT;
    for (size_t i = 0; i < sizeof ppp_protocols / sizeof *ppp_protocols; i++)
        if (ppp_protocols[i][0] == protocol)
            return ppp_protocols[i][1];
    return FOLLOWS_NONE;
}

/* behind_c_hdlc: address and control, then an ethertype, but that the number of RARP names the
 * link's own keep-alive. */
static uint16_t behind_c_hdlc(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 4);
    if (!h)
        return FOLLOWS_CUT;
    uint16_t type = load_be16(h + 2);
    return type == ETHERTYPE_RARP ? FOLLOWS_NONE : type;
}

static uint16_t behind_pppoe(struct decoder *d)
{
    decode_layer(d, LAYER_BIT(PPPOE));
    const uint8_t *h = reader_take(&d->r, 6);
    if (!h)
        return FOLLOWS_CUT;
    return h[0] == 0x11 && h[1] == 0 ? behind_ppp(d) : FOLLOWS_NONE;
}

static uint16_t behind_carried_ethernet(struct decoder *d)
{
    decode_layer(d, LAYER_BIT(ETH));
    return behind_ethernet(d);
}

/* behind_service_header: RFC 8300, 2.2; its length in words of four bytes, then what follows. */
static uint16_t behind_service_header(struct decoder *d)
{
    static const uint16_t follows[] = {
        [1] = ETHERTYPE_IP4, [2] = ETHERTYPE_IP6, [3] = ETHERTYPE_ETHERNET};
    const uint8_t *h = reader_take(&d->r, 8);
    unsigned words = h ? h[1] & 0x3fu : 0;
    if (!h || words < 2)
        return h ? FOLLOWS_NONE : FOLLOWS_CUT;
    reader_skip(&d->r, 4u * (words - 2));
    if (d->r.failed)
        return FOLLOWS_CUT;
    return h[3] >= 1 && h[3] <= 3 ? follows[h[3]] : FOLLOWS_NONE;
}

static const struct header_row by_ethertype[] = {
    {0x8100, behind_tag},
    {0x88a8, behind_tag},
    {0x9100, behind_tag},
    {0x8847, behind_labels},
    {0x8848, behind_labels},
    {0x8864, behind_pppoe},
    {0x880b, behind_ppp},
    {0x8926, behind_vn_tag},
    {0x894f, behind_service_header},
    {0x893f, behind_e_tag},
    {ETHERTYPE_ETHERNET, behind_carried_ethernet},
};

unsigned decode_ethertype(struct decoder *d, uint16_t ethertype)
{
    while (ethertype != ETHERTYPE_IP4 && ethertype != ETHERTYPE_IP6) {
        const struct header_row *row = by_ethertype;
        const struct header_row *end = row + sizeof by_ethertype / sizeof *by_ethertype;
        while (row < end && row->number != ethertype)
            row++;
        if (row == end) {
            bool arp = ethertype == ETHERTYPE_ARP || ethertype == ETHERTYPE_RARP;
            decode_layer(d, arp ? LAYER_BIT(ARP) : LAYER_BIT(OTHER));
            return DECODE_LINK;
        }
        d->link_headers++;
        ethertype = row->follows(d);
        if (d->link_headers > LINK_HEADERS_MAX)
            return DECODE_TOO_DEEP;
        if (ethertype == FOLLOWS_CUT)
            return DECODE_CUT_LINK;
    }
    bool four = ethertype == ETHERTYPE_IP4;
    decode_layer(d, four ? LAYER_BIT(IP4) : LAYER_BIT(IP6));
    d->pkt->network = four ? 4 : 6;
    d->pkt->network_at = decode_place(d);
    return DECODE_ONWARD;
}

/* The address families of IPv6 on BSD systems, Windows and macOS. */
static const uint8_t families_ip6[] = {23, 24, 28, 30};

static uint16_t of_family(uint32_t family)
{
    if (family == 2)
        return ETHERTYPE_IP4;
    for (size_t i = 0; i < sizeof families_ip6; i++)
        if (families_ip6[i] == family)
            return ETHERTYPE_IP6;
    return FOLLOWS_NONE;
}

/* behind_null: the family in the byte order of whoever recorded, which is not known: no family
 * needs the upper half. */
static uint16_t behind_null(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 4);
    if (!h)
        return FOLLOWS_CUT;
    uint32_t big = load_be32(h), little = load_le32(h);
    return of_family(big < little ? big : little);
}

/* Linux names by small numbers what has no ethertype; 4 is 802.2 behind the cooked header. */
static uint16_t of_cooked(struct decoder *d, uint16_t protocol)
{
    return protocol == 4 ? behind_llc(d) : protocol > LENGTH_MAX ? protocol : FOLLOWS_NONE;
}

static uint16_t behind_sll(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 16);
    return h ? of_cooked(d, load_be16(h + 14)) : FOLLOWS_CUT;
}

static uint16_t behind_sll2(struct decoder *d)
{
    const uint8_t *h = reader_take(&d->r, 20);
    return h ? of_cooked(d, load_be16(h)) : FOLLOWS_CUT;
}

static uint16_t is_ip4(struct decoder *d)
{
    (void)d;
    return ETHERTYPE_IP4;
}

static uint16_t is_ip6(struct decoder *d)
{
    (void)d;
    return ETHERTYPE_IP6;
}

static const struct header_row by_link_type[] = {
    {LINKTYPE_ETHERNET, behind_carried_ethernet},
    {LINKTYPE_BSD_NULL, behind_null},
    {LINKTYPE_LINUX_SLL, behind_sll},
    {LINKTYPE_LINUX_SLL2, behind_sll2},
    {LINKTYPE_RAW, version},
    {LINKTYPE_RAW_BSD, version},
    {LINKTYPE_RAW_OPENBSD, version},
    {LINKTYPE_IPV4, is_ip4},
    {LINKTYPE_IPV6, is_ip6},
    {LINKTYPE_LOOP, behind_null},
    {LINKTYPE_PPP, behind_ppp},
    {LINKTYPE_PPP_HDLC, behind_ppp},
    {LINKTYPE_C_HDLC, behind_c_hdlc},
};

static unsigned link_of(struct decoder *d, uint16_t linktype)
{
    for (size_t i = 0; i < sizeof by_link_type / sizeof *by_link_type; i++) {
        if (by_link_type[i].number != linktype)
            continue;
        uint16_t ethertype = by_link_type[i].follows(d);
        return ethertype == FOLLOWS_CUT ? DECODE_CUT_LINK : decode_ethertype(d, ethertype);
    }
    decode_layer(d, LAYER_BIT(OTHER));
    return DECODE_LINKTYPE;
}

/* shard_from: the addresses, where they are all there. */
static uint8_t shard_from(const struct decoder *d, uint32_t len)
{
    const struct packet *p = d->pkt;
    uint32_t there = len - p->network_at;
    if (p->network == 4 && there >= 20)
        return shard_of_bytes(d->frame + p->network_at + 12, 8);
    if (p->network == 6 && there >= 40)
        return shard_of_bytes(d->frame + p->network_at + 8, 32);
    return p->linktype == LINKTYPE_ETHERNET && len >= 14 ? shard_of_bytes(d->frame, 12) : 0;
}

void decode_any_link(struct packet *pkt, const uint8_t *data, uint32_t len)
{
    decode_forget(pkt);
    if (len > UINT16_MAX)
        len = UINT16_MAX;
    struct decoder d = {
        .pkt = pkt, .frame = data, .r = reader_over(data, len), .record = UINT32_MAX};
    pkt->verdict = (uint8_t)link_of(&d, pkt->linktype);
    pkt->shard = shard_from(&d, len);
    if (pkt->wire > len)
        pkt->flags |= PACKET_CUT;
}

unsigned link_type_named(uint16_t linktype)
{
    static const uint32_t numbers[] = {
#define X(number, name, text) number,
        LINK_TYPES_NAMED(X)
#undef X
    };
    unsigned i = 0;
    while (i + 1 < LINK_TYPES_NAMED_COUNT && numbers[i] != linktype)
        i++;
    return i;
}
