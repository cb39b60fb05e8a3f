/* Numbers and strings, the tables, then fields one by one. */
#include "proto/hpack.h"
#include "proto/huffman.h"

#define ENTRIES_MAX  256 /* that are kept */
#define TEXT_MAX     (HPACK_MEMORY - ENTRIES_MAX * sizeof(uint16_t))
#define ENTRY_SIZE   32 /* that the RFC adds to each */
#define NAME_UNKNOWN 0xffff

/* In the memory of a table. An entry: the lengths of name and value, then both. */
struct memory {
    uint16_t at[ENTRIES_MAX]; /* a ring: where entries begin */
    uint8_t text[TEXT_MAX];
};
_Static_assert(sizeof(struct memory) == HPACK_MEMORY, "the memory is used");
_Static_assert(ENTRIES_MAX *ENTRY_SIZE >= 2 * HPACK_TABLE_SIZE, "as many as there are by default");

static const struct {
    const char *name, *value;
} fixed[] = {
    /* RFC 7541, appendix A */
    {":authority", ""},
    {":method", "GET"},
    {":method", "POST"},
    {":path", "/"},
    {":path", "/index.html"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "200"},
    {":status", "204"},
    {":status", "206"},
    {":status", "304"},
    {":status", "400"},
    {":status", "404"},
    {":status", "500"},
    {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"},
    {"accept-language", ""},
    {"accept-ranges", ""},
    {"accept", ""},
    {"access-control-allow-origin", ""},
    {"age", ""},
    {"allow", ""},
    {"authorization", ""},
    {"cache-control", ""},
    {"content-disposition", ""},
    {"content-encoding", ""},
    {"content-language", ""},
    {"content-length", ""},
    {"content-location", ""},
    {"content-range", ""},
    {"content-type", ""},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"expect", ""},
    {"expires", ""},
    {"from", ""},
    {"host", ""},
    {"if-match", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"if-range", ""},
    {"if-unmodified-since", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"max-forwards", ""},
    {"proxy-authenticate", ""},
    {"proxy-authorization", ""},
    {"range", ""},
    {"referer", ""},
    {"refresh", ""},
    {"retry-after", ""},
    {"server", ""},
    {"set-cookie", ""},
    {"strict-transport-security", ""},
    {"transfer-encoding", ""},
    {"user-agent", ""},
    {"vary", ""},
    {"via", ""},
    {"www-authenticate", ""},
};
#define FIXED ((uint32_t)(sizeof(fixed) / sizeof(fixed[0])))

/* A field under way. Texts: as they are known, empty else. */
struct field {
    struct bytes name, value;
    size_t name_len, value_len; /* whole, also where the text is cut */
    bool name_known, value_known;
};

/* One call. */
struct work {
    struct hpack *h;
    struct memory *memory;
    struct hpack_list *list;
    struct reader in;
    bool bad;
    size_t n_text;
    uint8_t text[HPACK_FIELD_MAX]; /* of strings of one field */
};

static struct bytes text_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* ---- lists ---- */

void hpack_list_add(struct hpack_list *list, struct bytes name, struct bytes value)
{
    size_t n = 4 + name.len + value.len;
    if (name.len > UINT16_MAX || value.len > UINT16_MAX || n > list->room - list->len) {
        list->cut = true;
        return;
    }
    uint8_t *to = list->data + list->len;
    store_be16(to, (uint16_t)name.len);
    store_be16(to + 2, (uint16_t)value.len);
    if (name.len)
        memcpy(to + 4, name.data, name.len);
    if (value.len)
        memcpy(to + 4 + name.len, value.data, value.len);
    list->len += n;
}

bool hpack_list_next(struct bytes *rest, struct bytes *name, struct bytes *value)
{
    struct reader r = reader_over(rest->data, rest->len);
    name->len = reader_be16(&r);
    value->len = reader_be16(&r);
    name->data = reader_take(&r, name->len);
    value->data = reader_take(&r, value->len);
    if (r.failed)
        return false;
    rest->data = r.at;
    rest->len = reader_left(&r);
    return true;
}

/* ---- the dynamic table ---- */

void hpack_begin(struct hpack *h)
{
    *h = (struct hpack){.max = HPACK_TABLE_SIZE};
}

static void empty(struct hpack *h)
{
    h->size = 0;
    h->n = h->oldest = h->begin = h->end = 0;
}

/* lose: entries that are there are not known any more. */
static void lose(struct hpack *h)
{
    empty(h);
    h->unknown = true;
}

/* hpack_forget: what is missing may have changed the size too. As long as no block says it again,
 * nothing is said to be evicted: what a peer does not refer to any more does no harm. */
void hpack_forget(struct hpack *h)
{
    lose(h);
    h->max = UINT32_MAX;
}

void hpack_block(struct hpack *h)
{
    h->in_block = false;
}

/* entry: counted from the newest on, from 0. */
static const uint8_t *entry(const struct hpack *h, const struct memory *m, uint32_t i)
{
    return m->text + m->at[(h->oldest + h->n - 1u - i) % ENTRIES_MAX];
}

static size_t name_len_of(const uint8_t *e)
{
    return load_be16(e) == NAME_UNKNOWN ? 0 : load_be16(e);
}

static void drop_oldest(struct hpack *h, const struct memory *m)
{
    const uint8_t *e = entry(h, m, h->n - 1u);
    size_t n = name_len_of(e) + load_be16(e + 2);
    h->size -= (uint32_t)n + ENTRY_SIZE;
    h->begin = (uint16_t)(h->begin + n + 4);
    h->oldest = (h->oldest + 1u) % ENTRIES_MAX;
    if (--h->n == 0)
        empty(h);
}

/* evict: RFC 7541, 4.3 and 4.4. Where one that is kept goes, those that are not kept went before.
 */
static void evict(struct hpack *h, const struct memory *m, uint64_t max)
{
    if (max == 0 || h->size > max)
        h->unknown = false;
    while (h->n > 0 && h->size > max)
        drop_oldest(h, m);
}

/* make_room: for an entry's text, whatever entries have to be given up for it. */
static void make_room(struct hpack *h, struct memory *m, size_t n)
{
    while (h->n == ENTRIES_MAX || (h->n > 0 && (size_t)(h->end - h->begin) + n > TEXT_MAX)) {
        drop_oldest(h, m);
        h->unknown = true;
    }
    if (h->end + n <= TEXT_MAX)
        return;
    memmove(m->text, m->text + h->begin, (size_t)(h->end - h->begin));
    for (unsigned i = 0; i < h->n; i++)
        m->at[(h->oldest + i) % ENTRIES_MAX] -= h->begin;
    h->end -= h->begin;
    h->begin = 0;
}

static void store(struct hpack *h, struct memory *m, const struct field *f)
{
    uint8_t *to = m->text + h->end;
    size_t n = f->name_known ? f->name.len : 0;
    m->at[(h->oldest + h->n) % ENTRIES_MAX] = h->end;
    store_be16(to, f->name_known ? (uint16_t)n : NAME_UNKNOWN);
    store_be16(to + 2, (uint16_t)f->value.len);
    if (n)
        memcpy(to + 4, f->name.data, n);
    if (f->value.len)
        memcpy(to + 4 + n, f->value.data, f->value.len);
    h->end = (uint16_t)(h->end + 4 + n + f->value.len);
    h->size += (uint32_t)(n + f->value.len) + ENTRY_SIZE;
    h->n++;
}

/* insert: an entry that is larger than the table empties it. One that cannot be kept hides all that
 * are older. */
static void insert(struct work *w, const struct field *f)
{
    struct hpack *h = w->h;
    uint64_t size = (uint64_t)f->name_len + f->value_len + ENTRY_SIZE;
    size_t n = f->name_len + f->value_len + 4;
    if (size > h->max) {
        evict(h, w->memory, 0);
        return;
    }
    evict(h, w->memory, h->max - size);
    if (!w->memory || n > TEXT_MAX) {
        lose(h);
        return;
    }
    make_room(h, w->memory, n);
    store(h, w->memory, f);
}

/* ---- numbers and strings ---- */

/* number: RFC 7541, 5.1; of 32 bits, which is more than anybody needs. */
static uint32_t number(struct work *w, unsigned prefix)
{
    uint32_t mask = (1u << prefix) - 1;
    uint64_t value = reader_u8(&w->in) & mask;
    if (value < mask)
        return (uint32_t)value;
    for (unsigned shift = 0; !w->in.failed; shift += 7) {
        uint8_t b = reader_u8(&w->in);
        if (shift > 28) {
            w->bad = true;
            return 0;
        }
        value += (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80)
            continue;
        w->bad |= value > UINT32_MAX;
        return (uint32_t)value;
    }
    return 0;
}

/* string: RFC 7541, 5.2. Its text is in the block, or in the work's memory if it was packed. */
static struct bytes string(struct work *w, size_t *len)
{
    struct bytes none = {0}, raw;
    *len = 0;
    if (w->in.failed || reader_left(&w->in) == 0) {
        w->in.failed = true;
        return none;
    }
    bool packed = *w->in.at & 0x80;
    raw.len = number(w, 7);
    if (w->bad || !(raw.data = reader_take(&w->in, raw.len)))
        return none;
    *len = raw.len;
    if (!packed)
        return raw;
    size_t room = sizeof(w->text) - w->n_text;
    uint8_t *to = w->text + w->n_text;
    w->bad |= !huffman_decode(raw, to, room, len);
    raw = (struct bytes){to, *len < room ? *len : room};
    w->n_text += raw.len;
    return raw;
}

/* ---- fields ---- */

/* look_up: RFC 7541, 2.3.3. */
static void look_up(struct work *w, uint32_t index, struct field *f)
{
    const struct hpack *h = w->h;
    uint32_t i = index - 1, later = i - FIXED;
    *f = (struct field){0};
    if (index == 0) {
        w->bad = true;
    } else if (i < FIXED) {
        f->name = text_of(fixed[i].name);
        f->value = text_of(fixed[i].value);
        f->name_known = f->value_known = true;
    } else if (later < h->n) {
        const uint8_t *e = entry(h, w->memory, later);
        f->name_known = load_be16(e) != NAME_UNKNOWN;
        f->value_known = true;
        f->name = (struct bytes){e + 4, name_len_of(e)};
        f->value = (struct bytes){e + 4 + f->name.len, load_be16(e + 2)};
    } else {
        w->bad = !h->unknown;
    }
    f->name_len = f->name.len;
    f->value_len = f->value.len;
}

static void list(struct work *w, const struct field *f)
{
    w->h->in_block = true;
    if (!w->list)
        return;
    if (!f->name_known || !f->value_known)
        w->list->unknown = true;
    else if (f->name.len < f->name_len || f->value.len < f->value_len)
        w->list->cut = true;
    else
        hpack_list_add(w->list, f->name, f->value);
}

static void indexed(struct work *w)
{
    struct field f;
    look_up(w, number(w, 7), &f);
    if (!w->in.failed && !w->bad)
        list(w, &f);
}

/* literal: an entry's name may be in memory that its own insertion moves, so it is copied. */
static void literal(struct work *w, unsigned prefix, bool kept)
{
    struct field f;
    uint32_t index = number(w, prefix);
    if (w->in.failed || w->bad)
        return;
    if (index > 0) {
        look_up(w, index, &f);
        if (f.name.len)
            memcpy(w->text, f.name.data, f.name.len);
        f.name.data = w->text;
        w->n_text = f.name.len;
    } else {
        f.name = string(w, &f.name_len);
        f.name_known = true;
    }
    f.value = string(w, &f.value_len);
    f.value_known = true;
    if (w->in.failed || w->bad)
        return;
    list(w, &f);
    if (kept)
        insert(w, &f);
}

/* table_size: RFC 7541, 6.3: at a block's beginning. It is listed as a field that has neither name
 * nor value, as Suricata has it. */
static void table_size(struct work *w)
{
    struct bytes none = {0};
    uint32_t max = number(w, 5);
    w->bad |= w->h->in_block;
    if (w->in.failed || w->bad)
        return;
    w->h->max = max;
    evict(w->h, w->memory, max);
    if (w->list)
        hpack_list_add(w->list, none, none);
}

static void field(struct work *w)
{
    uint8_t first = *w->in.at;
    w->n_text = 0;
    if (first & 0x80)
        indexed(w);
    else if (first & 0x40)
        literal(w, 6, true);
    else if (first & 0x20)
        table_size(w);
    else
        literal(w, 4, false);
}

enum hpack_result hpack_decode(struct hpack *h, uint8_t *memory, struct bytes block, size_t *used,
                               struct hpack_list *list)
{
    struct work w;
    w.h = h;
    w.memory = (struct memory *)memory;
    w.list = list;
    w.bad = false;
    w.in = reader_over(block.data, block.len);
    *used = 0;
    if (!memory && h->n > 0)
        lose(h);
    while (reader_left(&w.in) > 0) {
        field(&w);
        if (w.bad) {
            hpack_forget(h);
            return HPACK_BAD;
        }
        if (w.in.failed)
            return HPACK_MORE;
        *used = (size_t)(w.in.at - block.data);
    }
    return HPACK_WHOLE;
}
