/* What a rule looks into: the bytes of packets and streams, or parts of messages.
 *
 * A part's keyword (http.uri) says what everything behind it is asked of, up to the next one; older
 * spellings stand behind the content that they move (content:"x"; http_uri). Transforms stand
 * between the keyword and what is asked. What is asked of the same part with the same transforms is
 * one section, however the rule is written: all of it must hold in one and the same part.
 * Suricata's documentation, "Rules Format", "HTTP Keywords", "Transformations".
 */
#include "rules/keyword.h"

#include "base/error.h"
#include "rules/matcher.h"

#include <string.h>

static const struct {
    uint8_t protocol, directions;
    const char *keyword;
} parts[PROTO_PART_COUNT] = {
#define X(s, protocol, directions, keyword, text) \
    [PART_##s] = {PROTOCOL_##protocol, directions, keyword},
    PROTO_PARTS(X)
#undef X
};

static bool same_view(const struct part_view *a, const struct part_view *b)
{
    return a->parts == b->parts && a->n_transforms == b->n_transforms &&
           memcmp(a->transforms, b->transforms, a->n_transforms) == 0;
}

/* shared_view: the one of all rules that is as the wanted one; NULL with a fault reported. */
static const struct part_view *shared_view(struct rule_reader *r, const struct part_view *wanted,
                                           size_t at, int *error)
{
    struct rule_context *ctx = r->ctx;
    for (struct part_view *view = ctx->views; view; view = view->next)
        if (same_view(view, wanted))
            return view;
    if (ctx->n_views == PART_VIEWS_MAX) {
        *error = rule_fault(r, at, ERR_FULL, "parts", "more than %d parts with transforms",
                            PART_VIEWS_MAX);
        return NULL;
    }
    struct part_view *view = arena_memdup(ctx->arena, wanted, sizeof *wanted);
    *error = view ? 0 : ERR_NOMEM;
    if (!view)
        return NULL;
    view->number = (uint16_t)ctx->n_views++;
    view->next = ctx->views;
    ctx->views = view;
    return view;
}

/* claim: the rule looks into these parts, so it is of their protocol and direction. */
static int claim(struct rule_reader *r, size_t at, uint64_t wanted)
{
    struct signature *s = r->sig;
    unsigned directions = 0, protocol = PROTOCOL_UNKNOWN;
    for (unsigned i = 0; i < PROTO_PART_COUNT; i++)
        if (wanted >> i & 1) {
            directions |= parts[i].directions;
            protocol = parts[i].protocol;
        }
    if (wanted & (wanted - 1))
        protocol = PROTOCOL_UNKNOWN; /* of several protocols */
    if (protocol && s->protocol && protocol != s->protocol)
        return rule_fault(r, at, ERR_SCHEMA, "protocol of a part",
                          "this is a part of %s, the rule is of %s", protocol_words[protocol].name,
                          protocol_words[s->protocol].name);
    if (protocol)
        s->protocol = (uint8_t)protocol;
    s->directions = s->directions ? s->directions & (uint8_t)directions : (uint8_t)directions;
    if (s->directions == 0)
        return rule_fault(r, at, ERR_SCHEMA, "direction of a part",
                          "no message has this part and those before it");
    return 0;
}

/* section_of: the rule's section of this view; -1 with a fault reported. */
static int section_of(struct rule_reader *r, const struct part_view *wanted, size_t at)
{
    struct signature *s = r->sig;
    int error = claim(r, at, wanted->parts);
    const struct part_view *view = error ? NULL : shared_view(r, wanted, at, &error);
    if (!view)
        return -1;
    for (unsigned i = 1; i < s->n_sections; i++)
        if (s->sections[i].view == view)
            return (int)i;
    if (s->n_sections == SECTIONS_MAX) {
        rule_fault(r, at, ERR_FULL, "parts", "more parts than a rule may look into");
        return -1;
    }
    s->sections[s->n_sections].view = view;
    return (int)s->n_sections++;
}

int section_now(struct rule_reader *r)
{
    r->part_used = true;
    if (r->own_section)
        return (int)r->own_section;
    return r->part.parts ? section_of(r, &r->part, r->part_at) : 0;
}

/* parts_of: a file's content is the response's body in HTTP. */
static uint64_t parts_of(unsigned part)
{
    uint64_t bits = UINT64_C(1) << part;
    return part == PART_FILE_DATA ? bits | UINT64_C(1) << PART_HTTP_RESPONSE_BODY : bits;
}

static int close_part(struct rule_reader *r)
{
    if (r->part.parts && !r->part_used)
        return rule_fault(r, r->part_at, ERR_SCHEMA, "nothing asked of a part",
                          "nothing is asked of this");
    return 0;
}

/* may_follow: may other bytes be looked into from here on? */
static int may_follow(struct rule_reader *r)
{
    if (r->own_section && r->own_section == r->sig->decoded)
        return rule_fault(r, r->option_at, ERR_SCHEMA, "part behind base64_data",
                          "behind base64_data no other part may follow");
    return close_part(r);
}

int section_part(struct rule_reader *r, const struct value *v, unsigned part)
{
    (void)v;
    int error = may_follow(r);
    r->part = (struct part_view){.parts = parts_of(part)};
    r->own_section = 0;
    r->part_used = false;
    r->part_at = r->option_at;
    return error;
}

int section_packet(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)v;
    (void)arg;
    int error = close_part(r);
    r->part = (struct part_view){0};
    r->own_section = 0;
    return error;
}

/* own_section: another one that no part is looked into for; ERR_FULL with a fault reported. */
static int own_section(struct rule_reader *r)
{
    static const struct part_view none = {0};
    struct signature *s = r->sig;
    if (s->n_sections == SECTIONS_MAX)
        return rule_fault(r, r->option_at, ERR_FULL, "parts",
                          "more parts than a rule may look into");
    r->own_section = s->n_sections++;
    s->sections[r->own_section] = (struct section){.view = &none};
    return 0;
}

int section_decoded(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct signature *s = r->sig;
    unsigned i = s->n_contents;
    while (i && s->contents[i - 1].kind != STEP_BASE64)
        i--;
    if (i == 0)
        return rule_fault(r, r->option_at, ERR_SCHEMA, "nothing decoded",
                          "there is no base64_decode before this");
    int error = section_packet(r, v, arg);
    r->own_section = s->decoded;
    if (!error && !s->decoded)
        error = own_section(r);
    s->decoded = (uint8_t)r->own_section;
    return error;
}

int section_header(struct rule_reader *r, const struct value *v, unsigned header)
{
    static const uint8_t transports[HEADER_COUNT] = {[HEADER_TCP] = TRANSPORT_TCP,
                                                     [HEADER_UDP] = TRANSPORT_UDP,
                                                     [HEADER_ICMP6] = TRANSPORT_ICMP};
    struct signature *s = r->sig;
    int error = rule_view(r, r->option_at, VIEW_PACKET);
    if (!error)
        error = may_follow(r);
    if (error)
        return error;
    if (transports[header] && s->transport != transports[header] && s->transport != TRANSPORT_IP)
        return rule_fault(r, r->option_at, ERR_SCHEMA, "header of another protocol",
                          "packets of the rule's protocol have no such header");
    section_packet(r, v, 0);
    for (unsigned i = 1; i < s->n_sections && !r->own_section; i++)
        if (s->sections[i].header == header)
            r->own_section = i;
    error = r->own_section ? 0 : own_section(r);
    if (!error)
        s->sections[r->own_section].header = (uint8_t)header;
    return error;
}

int section_closed(struct rule_reader *r, size_t at, unsigned section)
{
    for (unsigned i = 0; i < r->sig->n_contents; i++)
        if (r->sig->contents[i].kind == STEP_BASE64 && r->sig->contents[i].section == section)
            return rule_fault(r, at, ERR_UNSUPPORTED, "behind base64_decode",
                              "behind base64_decode nothing is asked of the same bytes any more");
    return 0;
}

int section_move(struct rule_reader *r, struct content *c, size_t at, unsigned part)
{
    struct part_view view = {.parts = parts_of(part)};
    const struct part_view *now = r->sig->sections[c->section].view;
    if (now && !now->n_transforms && now->parts & view.parts)
        return 0;
    if (now)
        return rule_fault(r, at, ERR_SCHEMA, "part of a part",
                          "what this is about is asked of another part already");
    int section = section_of(r, &view, at);
    if (section < 0 || section_closed(r, at, (unsigned)section))
        return ERR_SCHEMA;
    c->section = (uint8_t)section;
    return 0;
}

int section_modifier(struct rule_reader *r, const struct value *v, unsigned part)
{
    unsigned i = r->sig->n_contents;
    (void)v;
    while (i && r->sig->contents[i - 1].kind != STEP_CONTENT)
        i--;
    if (i == 0)
        return rule_fault(r, r->option_at, ERR_SYNTAX, "modifier without a content",
                          "there is no content before this to modify");
    return section_move(r, &r->sig->contents[i - 1], r->option_at, part);
}

int section_transform(struct rule_reader *r, const struct value *v, unsigned transform)
{
    (void)v;
    /* Behind what is asked of the part as it is, it is for what follows. */
    if (!r->part.parts || (r->part_used && r->part.n_transforms))
        return rule_fault(r, r->option_at, ERR_SCHEMA, "transform without a part",
                          "a transform stands right behind the part that it is for");
    if (r->part.n_transforms == TRANSFORMS_MAX)
        return rule_fault(r, r->option_at, ERR_FULL, "transforms",
                          "more transforms than a part may have");
    r->part.transforms[r->part.n_transforms++] = (uint8_t)transform;
    if (r->part_used)
        r->part_at = r->option_at;
    r->part_used = false;
    return 0;
}

static int size_of(struct rule_reader *r, const struct value *v, const struct part_view *view)
{
    struct byte_step *size = arena_alloc(r->ctx->arena, sizeof *size);
    int section = !size         ? -1
                  : view->parts ? section_of(r, view, r->option_at)
                                : (int)r->own_section;
    struct content *c = section < 0 ? NULL : step_add(r, v, STEP_SIZE);
    if (!c)
        return ERR_SCHEMA;
    c->section = (uint8_t)section;
    c->number = size;
    return value_range(r, v, UINT32_MAX - 1, &size->low, &size->high, &size->negated);
}

int section_size(struct rule_reader *r, const struct value *v, unsigned arg)
{
    (void)arg;
    if (!r->part.parts && !r->own_section)
        return rule_fault(r, r->option_at, ERR_SCHEMA, "size without a part",
                          "there is no part before this whose size it could be");
    return size_of(r, v, &r->part);
}

int section_uri_size(struct rule_reader *r, const struct value *v, unsigned arg)
{
    struct value rest = *v, range, form = {0};
    (void)arg;
    value_next(&rest, ',', &range);
    bool has_form = value_next(&rest, ',', &form), raw = has_form && value_is(&form, "raw");
    if (has_form && !raw && !value_is(&form, "norm"))
        return value_fault(r, &form, "the URI is raw or norm");
    struct part_view view = {.parts = parts_of(raw ? PART_HTTP_URI_RAW : PART_HTTP_URI)};
    return size_of(r, &range, &view);
}
