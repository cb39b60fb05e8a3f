/* Ten thousand damaged rule files: nothing crashes or hangs, and what is taken means what is
 * written: its normalised text, parsed again, is the same rule with the same digest. */
#include "tests/unit/rules/given.h"

#define FILES 10000
#define SEED  20010

static const char *const seeds[] = {
    "alert tcp any any -> any any (msg:\"plain\"; content:\"abc\"; sid:1; rev:1;)\n",
    "alert tcp $HOME_NET any -> $EXTERNAL_NET [80,443,8000:8100,!8080] (msg:\"lists\"; "
    "flow:established,to_server; content:\"GET \"; depth:4; content:\"|0d 0a|Host|3a 20|\"; "
    "nocase; distance:0; within:200; sid:2; rev:3;)\n",
    "pass ip [10.0.0.0/8,![10.1.0.0/16,!10.1.2.3],2001:db8::/32] any <> !$DNS_SERVERS 1024: "
    "(sid:3;)\n",
    "drop udp any !53 -> 192.0.2.0/24 53 (content:!\"|00|\"; offset:2; depth:10; "
    "content:\"x\\\"\\;\\:\\\\y\"; fast_pattern:1,2; dsize:12<>512; sid:4; gid:2; priority:7;)\n",
    "alert tcp-pkt any any -> any 502 (content:\"|00 00|\"; offset:2; depth:2; "
    "content:\"|06|\"; distance:3; within:1; flowbits:set,modbus.write; flowbits:noalert; "
    "metadata:tag grid.write, created_at 2024_01_01; reference:url,example.org/a,b; sid:5;)\n",
    "reject tcp any any -> any any (flow:not_established, to_client; flowbits:isset,a|b|c; "
    "flowbits:isnotset,d; flowbits:toggle,e; noalert; classtype:bad-unknown; target:src_ip; "
    "sid:6;)\n",
    "alert tcp any any -> any any ( \\\n    msg:\"over lines\"; \\\r\n  content:\"one\"; "
    "startswith; "
    "\\\n    content:\"end\"; endswith; fast_pattern:only; sid:7; )\n",
    "# a comment (\n#alert tcp any any -> any any (sid:8;)\n\n   \n",
    "alert smb any any -> any any (http.uri; content:\"/\"; sid:9;)\n",
    "alert tcp-stream 10.0.0.1 :1023 -> any $FILE_DATA_PORTS (content:\"A\"; nocase; "
    "content:!\"B\"; within:9; content:\"C\"; distance:-4; sid:10;)\n",
};
static const char *const words[] = {
    "any",      "!",      "[",      "]",      "(",        ")",     ";",      ":",
    "\"",       "\\",     "|",      ",",      "\n",       "\\\n",  "<>",     "->",
    "content:", "\"a\";", "$X",     "::/0",   "within:",  "0",     "65536",  "nocase;",
    "sid:",     "-1",     "depth:", "offset", "[[[[[[[[", "]]]]",  "\r\n",   "|41|",
    "|",        "\x7f",   "\xff",   "#",      "!any",     "flow:", "dsize:", "<",
    "a|b",      "/129",   " ",      "\t",     "\v",       "%s%n",  "msg:\"", "fast_pattern:"};

static void change(uint64_t *seed, struct text *t)
{
    char out[8192];
    size_t at = t->len ? random_below(seed, t->len) : 0, n = 0,
           span = t->len - at ? 1 + random_below(seed, t->len - at < 40 ? t->len - at : 40) : 0;
    const char *word = words[random_below(seed, sizeof words / sizeof words[0])];
    if (t->len + 64 > sizeof out)
        return;
    memcpy(out, text_str(t), at);
    n = at;
    switch (random_below(seed, 6)) {
    case 0: /* flip a bit */
        if (at < t->len) {
            out[n++] = (char)(t->data[at] ^ 1 << random_below(seed, 8));
            at++;
        }
        break;
    case 1: /* another byte */
        out[n++] = (char)random_below(seed, 256);
        at += at < t->len;
        break;
    case 2: /* delete */
        at += span;
        break;
    case 3: /* insert */
        memcpy(out + n, word, strlen(word));
        n += strlen(word);
        break;
    case 4: /* twice */
        memcpy(out + n, text_str(t) + at, span);
        n += span;
        break;
    default: /* a word in the place of what was there */
        memcpy(out + n, word, strlen(word));
        n += strlen(word);
        at += span;
    }
    memcpy(out + n, text_str(t) + at, t->len - at);
    n += t->len - at;
    text_clear(t);
    text_append(t, out, n);
}

static bool same_text(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (!a || strcmp(a, b) == 0);
}

static bool same_addresses(const struct address_set *a, const struct address_set *b)
{
    return a->n == b->n && memcmp(a->ranges, b->ranges, a->n * sizeof *a->ranges) == 0;
}

static bool same_ports(const struct port_set *a, const struct port_set *b)
{
    return a->any == b->any && memcmp(a->bits, b->bits, sizeof a->bits) == 0;
}

static bool same_contents(const struct signature *a, const struct signature *b)
{
    for (unsigned i = 0; i < a->n_contents; i++) {
        const struct content *x = &a->contents[i], *y = &b->contents[i];
        if (x->flags != y->flags || x->len != y->len || memcmp(x->bytes, y->bytes, x->len) != 0 ||
            x->offset != y->offset || x->depth != y->depth || x->distance != y->distance ||
            x->within != y->within || x->next != y->next || x->fast_at != y->fast_at ||
            x->fast_len != y->fast_len)
            return false;
    }
    return a->n_contents == b->n_contents;
}

static bool same_flowbits(const struct parsed *p, const struct signature *a, const struct parsed *q,
                          const struct signature *b)
{
    for (unsigned i = 0; i < a->n_flowbits; i++) {
        const struct flowbit *x = &a->flowbits[i], *y = &b->flowbits[i];
        if (x->op != y->op || x->or_next != y->or_next ||
            strcmp(p->flowbit_names[x->bit], q->flowbit_names[y->bit]) != 0)
            return false;
    }
    return a->n_flowbits == b->n_flowbits;
}

static bool same_meaning(const struct parsed *p, const struct signature *a, const struct parsed *q,
                         const struct signature *b)
{
    bool same = a->sid == b->sid && a->gid == b->gid && a->rev == b->rev &&
                a->action == b->action && a->transport == b->transport && a->views == b->views &&
                a->priority == b->priority && a->flow == b->flow &&
                a->bidirectional == b->bidirectional && a->noalert == b->noalert &&
                a->has_dsize == b->has_dsize && a->dsize_negated == b->dsize_negated &&
                a->dsize_low == b->dsize_low && a->dsize_high == b->dsize_high &&
                same_text(a->msg, b->msg) && same_text(a->classtype, b->classtype) &&
                a->n_tags == b->n_tags && memcmp(&a->literal, &b->literal, sizeof a->literal) == 0;
    for (unsigned i = 0; i < a->n_tags && same; i++)
        same = same_text(a->tags[i], b->tags[i]);
    return same && same_addresses(a->source, b->source) && same_addresses(a->target, b->target) &&
           same_ports(a->source_port, b->source_port) &&
           same_ports(a->target_port, b->target_port) && same_contents(a, b) &&
           same_flowbits(p, a, q, b);
}

static void fail_of(unsigned round, const char *why, const struct text *text)
{
    fail_msg("round %u from seed %d: %s:\n%.*s", round, SEED, why, (int)text->len, text_str(text));
}

/* check: the file as it is, and what was taken of it once more. Returns how many rules were. */
static size_t check(unsigned round, const struct text *text)
{
    struct parsed p, again;
    parsed_text(&p, text_str(text), text->len);
    if (p.counts.rules != p.list.n + p.counts.rejected || p.diags.errors != p.counts.rejected)
        fail_of(round, "rules taken and rejected do not add up", text);
    for (size_t i = 0; i < p.diags.n; i++)
        if (p.diags.items[i].pos.line < 1 || p.diags.items[i].pos.line > p.counts.lines ||
            p.diags.items[i].pos.col < 1)
            fail_of(round, "a fault is reported outside of the file", text);
    parsed_text(&again, text_str(&p.normal), p.normal.len);
    if (again.list.n != p.list.n || again.counts.rejected)
        fail_of(round, "a normalised text is not taken", text);
    for (size_t i = 0; i < p.list.n; i++) {
        const struct signature *a = &p.list.items[i], *b = &again.list.items[i];
        if (memcmp(a->digest, b->digest, SHA256_BYTES) != 0)
            fail_of(round, "a normalised text has another digest", text);
        if (!same_meaning(&p, a, &again, b))
            fail_of(round, "a normalised text means something else", text);
        struct match_flow flow = {.flowbits = {0}};
        struct match_input in = given_input(text_str(text), text->len, 80);
        given_confirm(a, &in, &flow);
    }
    size_t n = p.list.n;
    parsed_free(&p);
    parsed_free(&again);
    return n;
}

static void what_is_taken_of_a_damaged_file_is_what_is_written(void **state)
{
    (void)state;
    uint64_t seed = SEED;
    size_t taken = 0;
    for (unsigned round = 0; round < FILES; round++) {
        struct text text = {0};
        for (uint64_t n = 1 + random_below(&seed, 4); n-- > 0;)
            text_puts(&text, seeds[random_below(&seed, sizeof seeds / sizeof seeds[0])]);
        for (uint64_t n = 1 + random_below(&seed, 5); n-- > 0;)
            change(&seed, &text);
        taken += check(round, &text);
        text_free(&text);
    }
    assert_in_range(taken, FILES / 2, 3 * FILES); /* many rules survive, many do not */
}

static void the_seeds_are_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        struct parsed p;
        parsed_text(&p, seeds[i], strlen(seeds[i]));
        assert_int_equal(p.list.n, i != 7 && i != 8);
        parsed_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seeds_are_rules),
        cmocka_unit_test(what_is_taken_of_a_damaged_file_is_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
