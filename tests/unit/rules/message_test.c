/* Rules that look into messages: of parts that the test says. */
#include "tests/unit/rules/given.h"

#define PARTS_MAX 8

struct given_part {
    unsigned id;
    const char *text;
};

/* A matcher over the rules of a text, one flow of a protocol, and the message that is under way. */
struct bench {
    struct rule_set *set;
    struct matcher *m;
    struct match_flow flow;
    struct match_message state[2];
    struct proto_message message;
    struct given_part parts[PARTS_MAX]; /* up to the first without text */
    unsigned asked;                     /* how often parts were asked for */
    char body[256];
    struct hit hits[MATCH_HITS_MAX];
    char sids[256];
};

static unsigned give_parts(const struct proto_message *message, struct proto_scratch *scratch,
                           struct proto_part out[PROTO_MESSAGE_PARTS])
{
    struct bench *b = (struct bench *)(uintptr_t)message->state;
    unsigned n = 0;
    (void)scratch;
    b->asked++;
    for (; n < PARTS_MAX && b->parts[n].text; n++)
        out[n] = (struct proto_part){(uint8_t)b->parts[n].id,
                                     {(const uint8_t *)b->parts[n].text, strlen(b->parts[n].text)}};
    return n;
}

static void bench_begin(struct bench *b, enum protocol protocol, const char *rules)
{
    memset(b, 0, sizeof *b);
    b->set = set_of(rules, NULL);
    b->m = matcher_create(b->set, NULL);
    assert_non_null(b->m);
    b->message = (struct proto_message){
        .protocol = (uint8_t)protocol, .transaction = 1, .state = b, .parts = give_parts};
}

static void bench_end(struct bench *b)
{
    matcher_destroy(b->m);
    rule_set_destroy(b->set);
}

/* tell: the message's head, or what has come of its body; sids of the hits as text: "1 7 ". */
static const char *tell(struct bench *b, const struct match_body *body)
{
    bool to_server = b->message.direction == PROTO_TO_SERVER;
    struct match_input in = {.source = address_v4((uint8_t[4]){10, 0, 0, 1}),
                             .target = address_v4((uint8_t[4]){10, 0, 0, 2}),
                             .source_port = to_server ? 40000 : 80,
                             .target_port = to_server ? 80 : 40000,
                             .transport = 6,
                             .protocol = b->message.protocol,
                             .to_server = to_server,
                             .established = true,
                             .stream = true};
    size_t n = matcher_message(b->m, &in, &b->message, body, &b->state[b->message.direction],
                               &b->flow, b->hits);
    char *end = b->sids;
    *end = 0;
    for (size_t i = 0; i < n; i++)
        end += sprintf(end, "%u ", rule_sid(b->set, b->hits[i].rule));
    return b->sids;
}

/* head: of a fresh transaction, with these parts (up to one without text). */
static const char *head(struct bench *b, enum proto_direction direction,
                        const struct given_part *parts)
{
    unsigned n = 0;
    b->message.transaction++;
    b->message.direction = (uint8_t)direction;
    memset(b->parts, 0, sizeof b->parts);
    for (; parts[n].text; n++)
        b->parts[n] = parts[n];
    return tell(b, NULL);
}
#define HEAD(b, direction, ...) head(b, direction, (struct given_part[]){__VA_ARGS__, {0, NULL}})

/* body: its next bytes, all of it being in the window. */
static const char *body(struct bench *b, unsigned id, const char *more, bool end)
{
    size_t had = strlen(b->body), len = strlen(more);
    assert_true(had + len < sizeof b->body);
    memcpy(b->body + had, more, len + 1);
    struct match_body piece = {.id = (uint8_t)id,
                               .end = end,
                               .data = (const uint8_t *)b->body,
                               .len = (uint32_t)(had + len),
                               .fresh = (uint32_t)had};
    const char *found = tell(b, &piece);
    if (end)
        *b->body = 0;
    return found;
}

static void all_of_a_rule_must_hold_each_in_its_part(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(
        &b, PROTOCOL_HTTP,
        "alert http any any -> any any (http.uri; content:\"/a\"; http.host; content:\"b\"; "
        "sid:1;)\n"
        "alert tcp any any -> any any (content:\"/a\"; http_uri; content:\"POST\"; "
        "http_method; sid:2;)\n"
        "alert http any any -> any any (pcre:\"/^.a$/U\"; pcre:\"/^b/W\"; sid:3;)\n"
        "alert http any any -> any any (http.uri; content:\"/a\"; content:!\"x\"; sid:4;)\n"
        "alert http any any -> any any (http.uri; content:\"/a\"; http.cookie; "
        "content:!\"x\"; sid:5;)\n"); /* 5: there must be a cookie for it to lack something */
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "/a"}, {PART_HTTP_HOST, "b"}),
                        "1 3 4 ");
    assert_string_equal(
        HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "/ax"}, {PART_HTTP_METHOD, "POST"}), "2 ");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "b"}, {PART_HTTP_HOST, "/a"}),
                        "");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "/a"}, {PART_HTTP_COOKIE, "y"}),
                        "4 5 ");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_HOST, "b"}), "");
    bench_end(&b);
}

/* A name has both, or none has: not one the one and another the other. */
static void what_is_asked_of_a_part_holds_in_one_and_the_same(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(
        &b, PROTOCOL_DNS,
        "alert dns any any -> any any (dns.query; content:\"aa\"; content:\"bb\"; sid:1;)\n"
        "alert dns any any -> any any (dns.query; content:\"aa\"; dns.query; bsize:4; "
        "sid:2;)\n"
        "alert dns any any -> any any (dns.query; content:\"aa\"; distance:0; content:\"bb\"; "
        "within:2; sid:3;)\n");
    assert_string_equal(
        HEAD(&b, PROTO_TO_SERVER, {PART_DNS_QUERY, "aa."}, {PART_DNS_QUERY, "bbcc"}), "");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_DNS_QUERY, "bbaa"}, {PART_DNS_QUERY, "c"}),
                        "1 2 ");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_DNS_QUERY, "c"}, {PART_DNS_QUERY, "aabb"}),
                        "1 2 3 ");
    bench_end(&b);
}

static void sizes_and_transforms(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(
        &b, PROTOCOL_DNS,
        "alert dns any any -> any any (dns.query; dotprefix; content:\".evil.org\"; endswith; "
        "sid:1;)\n"
        "alert dns any any -> any any (dns.query; content:\"evil.org\"; bsize:8; sid:2;)\n"
        "alert dns any any -> any any (dns.query; to_lowercase; content:\"evil\"; sid:3;)\n"
        "alert dns any any -> any any (dns.query; bsize:>20; bsize:<100; sid:4;)\n"
        "alert dns any any -> any any (dns.query; strip_whitespace; content:\"xy\"; sid:5;)\n"
        "alert dns any any -> any any (dns.query; compress_whitespace; content:\"x y\"; sid:6;)\n"
        "alert dns any any -> any any (dns.query; to_md5; content:\"|90 01 50 98 3c d2 4f b0|\"; "
        "startswith; bsize:16; sid:8;)\n" /* RFC 1321, A.5: of "abc"; SHA: FIPS 180-4 examples */
        "alert dns any any -> any any (dns.query; to_sha1; content:\"|a9 99 3e 36 47 06 81 6a|\"; "
        "startswith; bsize:20; sid:9;)\n"
        "alert dns any any -> any any (dns.query; to_lowercase; to_sha256; content:\"|ba 78 16 bf "
        "8f 01 "
        "cf ea|\"; startswith; bsize:32; sid:10;)\n"
        "alert dns any any -> any any (dns.query; url_decode; to_uppercase; content:\"X Y\"; "
        "sid:7;)\n");
    const struct {
        const char *name, *sids;
    } rows[] = {
        {"evil.org", "1 2 3 "},
        {"www.evil.org", "1 3 "},
        {"notevil.org", "3 "},
        {"EVIL.org", "3 "},
        {"this.name.has.22.bytes", "4 "},
        {"this.name.has.20.byt", ""},
        {"x\t y", "5 "}, /* the first of the blanks stays */
        {"x  y", "5 6 "},
        {"x%20y", "7 "},
        {"x%2", ""},
        {"abc", "8 9 10 "},
        {"ABC", "10 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_DNS_QUERY, rows[i].name}),
                            rows[i].sids);
    bench_end(&b);
}

/* Behind contents a transform is for what follows: a part as it is, and transformed, as Suricata
 * has it. What was decoded of a part is asked of where the part is. */
static void parts_are_asked_as_they_are_and_changed(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(
        &b, PROTOCOL_HTTP,
        "alert http any any -> any any (http.host; content:\"a\"; startswith; dotprefix; "
        "content:\".ab\"; startswith; sid:1;)\n"
        "alert http any any -> any any (http.uri; content:\"=\"; base64_decode:relative; "
        "base64_data; content:\"foo\"; sid:2;)\n"
        "alert http any any -> any any (content:\"=\"; http_uri; base64_decode:relative; "
        "base64_data; content:\"foo\"; sid:3;)\n"
        "alert http any any -> any any (http.uri; base64_decode; base64_data; content:\"foo\"; "
        "startswith; sid:4;)\n"
        "alert http any any -> any any (http.cookie; content:\"c\"; pcre:\"/d/C\"; sid:5;)\n");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_HOST, "abc"}), "1 ");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_HOST, "bab"}), "");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "x=Zm9v"}), "2 3 ");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "x="}), "");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "Zm9v"}), "4 ");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_COOKIE, "dc"}), "5 ");
    bench_end(&b);
}

static void versions_of_tls(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, PROTOCOL_TLS,
                "alert tls any any -> any any (tls.version:1.2; sid:1;)\n"
                "alert tls any any -> any any (tls.version:0x0304; sid:2;)\n"
                "alert tls any any -> any any (ssl_version:tls1.0, sslv3; sid:3;)\n"
                "alert tls any any -> any any (ssl_version:!TLS1.2,!tls1.3; sid:4;)\n"
                "alert tls any any -> any any (flow:to_server; tls.version:1.2; sid:5;)\n");
    const struct {
        const char *version, *sids;
    } rows[] = {{"1.2", "1 "}, {"1.3", "2 "}, {"1.0", "3 4 "}, {"0x0300", "3 4 "}, {"1.1", "4 "}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(HEAD(&b, PROTO_TO_CLIENT, {PART_TLS_VERSION, rows[i].version}),
                            rows[i].sids);
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_TLS_VERSION, "1.2"}), "1 5 ");
    bench_end(&b);
}

/* Neither what it is nor what it is not is known before it is known. */
static void the_protocol_of_a_flow_is_asked_once_it_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        bool unknown, http, tls, none; /* does it hold, when the flow is that? */
    } rows[] = {
        {"app-layer-protocol:http;", false, true, false, false},
        {"app-layer-protocol:!http;", false, false, true, true},
        {"app-layer-protocol:!\"http\"; app-layer-protocol:!tls;", false, false, false, true},
        {"app-layer-protocol:failed;", false, false, false, true},
        {"app-layer-protocol:!failed;", false, true, true, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        struct match_flow flow = {0};
        char options[128];
        snprintf(options, sizeof options, "content:\"a\"; %s", rows[i].option);
        const struct signature *s = parsed_options(&p, options);
        struct match_input in = given_input("a", 1, 80);
        assert_non_null(s);
        assert_int_equal(given_confirm(s, &in, &flow) == RULE_MATCHES, rows[i].unknown);
        in.protocol = PROTOCOL_HTTP;
        assert_int_equal(given_confirm(s, &in, &flow) == RULE_MATCHES, rows[i].http);
        in.protocol = PROTOCOL_TLS;
        assert_int_equal(given_confirm(s, &in, &flow) == RULE_MATCHES, rows[i].tls);
        in.protocol = PROTOCOL_UNKNOWN;
        in.no_protocol = true;
        assert_int_equal(given_confirm(s, &in, &flow) == RULE_MATCHES, rows[i].none);
        parsed_free(&p);
    }
}

static void a_rule_is_of_its_direction_and_protocol(void **state)
{
    (void)state;
    struct bench b;
    const char *rules =
        "alert http any any -> any any (http.header; content:\"a\"; sid:1;)\n"
        "alert http any any -> any any (flow:to_client; http.header; content:\"a\"; "
        "sid:2;)\n"
        "alert http any any -> any 80 (http.header; content:\"a\"; sid:3;)\n"
        "alert http any any -> 10.0.0.3 any (http.header; content:\"a\"; sid:4;)\n"
        "alert http any any -> any any (flowbits:set,b; http.header; content:\"a\"; "
        "noalert; sid:5;)\n"
        "alert http any any -> any any (flowbits:isset,b; http.stat_code; "
        "content:\"404\"; sid:6;)\n"
        "alert http any any -> any any (flow:to_server; sid:7;)\n"; /* 7: of packets */
    bench_begin(&b, PROTOCOL_HTTP, rules);
    assert_string_equal(HEAD(&b, PROTO_TO_CLIENT, {PART_HTTP_STAT_CODE, "404"}), "");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_HEADER, "a"}), "1 3 ");
    assert_string_equal(
        HEAD(&b, PROTO_TO_CLIENT, {PART_HTTP_HEADER, "a"}, {PART_HTTP_STAT_CODE, "404"}),
        "6 1 2 "); /* rules with flowbits come first */
    bench_end(&b);
    bench_begin(&b, PROTOCOL_DNS, rules);
    assert_false(matcher_wants_messages(b.m, PROTOCOL_DNS, true));
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_HEADER, "a"}), "");
    assert_int_equal(b.asked, 0); /* no rule looks into messages of this protocol */
    bench_end(&b);
}

static void a_pass_silences_what_comes_behind_it(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, PROTOCOL_TLS,
                "pass tls any any -> any any (tls.sni; content:\"good\"; sid:1;)\n"
                "alert tls any any -> any any (tls.sni; content:\".org\"; sid:2;)\n"
                "alert tls any any -> any any (tls.cert_subject; content:\"CN\"; sid:3;)\n");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_TLS_SNI, "bad.org"}), "2 ");
    assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_TLS_SNI, "good.org"}), "");
    assert_string_equal(HEAD(&b, PROTO_TO_CLIENT, {PART_TLS_CERT_SUBJECT, "CN=x"}), "");
    bench_end(&b);
}

/* Wherever the body is cut, and whether the rarer literal is in the head or in the body. */
static void head_and_body_are_joined(void **state)
{
    (void)state;
    struct bench b;
    static const char whole[] = "..first..second..";
    for (size_t cut = 0; cut < sizeof whole; cut++) {
        bench_begin(
            &b, PROTOCOL_HTTP,
            "alert http any any -> any any (http.uri; content:\"/a\"; http.request_body; "
            "content:\"first\"; content:\"second\"; distance:0; sid:1;)\n"
            "alert http any any -> any any (http.uri; content:\"/zqxjzqxj\"; http.request_body; "
            "content:\"e\"; content:\"d\"; sid:2;)\n"
            "alert http any any -> any any (http.request_body; content:\"second\"; offset:9; "
            "depth:6; sid:3;)\n"
            "alert http any any -> any any (http.uri; content:\"/a\"; file.data; "
            "content:\"first\"; "
            "sid:4;)\n" /* no file is uploaded */
            "alert http any any -> any any (http.request_body; bsize:17; sid:6;)\n"
            "alert http any any -> any any (http.request_body; bsize:<17; sid:7;)\n" /* never */
            "alert http any any -> any any (http.request_body; pcre:\"/first.*second/\"; "
            "sid:5;)\n");
        char before[32] = {0}, found[64] = {0};
        memcpy(before, whole, cut);
        assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "/a/zqxjzqxj"}), "");
        strcat(found, body(&b, PART_HTTP_REQUEST_BODY, before, false));
        strcat(found, body(&b, PART_HTTP_REQUEST_BODY, whole + cut, true));
        unsigned seen = 0;
        for (const char *s = found; *s; s += 2)
            seen += 1u << (*s - '0');
        assert_int_equal(seen, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 6);
        bench_end(&b);
    }
}

static void a_rule_matches_a_message_once_and_the_next_one_anew(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, PROTOCOL_HTTP,
                "alert http any any -> any any (file.data; content:\"abc\"; sid:1;)\n"
                "alert http any any -> any any (http.stat_code; content:\"200\"; sid:2;)\n"
                "alert http any any -> any any (http.stat_code; content:\"200\"; file.data; "
                "content:\"zz\"; sid:3;)\n");
    for (unsigned round = 0; round < 3; round++) {
        assert_string_equal(HEAD(&b, PROTO_TO_CLIENT, {PART_HTTP_STAT_CODE, "200"}), "2 ");
        assert_string_equal(body(&b, PART_HTTP_RESPONSE_BODY, "xabcx", false), "1 ");
        assert_string_equal(body(&b, PART_HTTP_RESPONSE_BODY, "xabcx", false), "");
        assert_string_equal(body(&b, PART_HTTP_RESPONSE_BODY, "abc", true), "");
    }
    /* What waited for the body of one message does not wait for another's. */
    assert_string_equal(HEAD(&b, PROTO_TO_CLIENT, {PART_HTTP_STAT_CODE, "404"}), "");
    assert_string_equal(body(&b, PART_HTTP_RESPONSE_BODY, "zz", true), "");
    bench_end(&b);
}

/* file: one of several in a message; its name comes with its content alone. */
static const char *file(struct bench *b, const char *name, const char *content)
{
    b->parts[1] = (struct given_part){PART_FILE_NAME, name};
    const char *found = body(b, PART_FILE_DATA, content, true);
    b->parts[1].text = NULL;
    return found;
}

static void a_name_of_a_file_comes_with_its_content(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, PROTOCOL_HTTP,
                "alert http any any -> any any (file.name; content:\"one.txt\"; sid:1;)\n"
                "alert http any any -> any any (file.data; content:\"abc\"; file.name; "
                "content:\"two.txt\"; sid:2;)\n"
                "alert http any any -> any any (http.method; content:\"POST\"; file.name; "
                "content:\"tw\"; sid:3;)\n"
                "alert http any any -> any any (file.name; pcre:\"/tw./\"; sid:4;)\n"
                "alert http any any -> any any (http.request_body; content:\"q\"; sid:6;)\n"
                /* another file's name */
                "alert http any any -> any any (file.data; content:\"abc\"; file.name; "
                "content:\"one.txt\"; sid:5;)\n");
    for (unsigned round = 0; round < 2; round++) {
        assert_string_equal(HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_METHOD, "POST"}), "");
        assert_string_equal(file(&b, "one.txt", "xyz"), "1 ");
        /* the body as a whole may be over before its last file */
        assert_string_equal(body(&b, PART_HTTP_REQUEST_BODY, "q", true), "6 ");
        assert_string_equal(file(&b, "two.txt", "abc"), "2 3 4 ");
    }
    assert_true(matcher_wants_body(b.m, PROTOCOL_HTTP, true, PART_FILE_DATA));
    bench_end(&b);
}

static void parts_are_asked_for_once_a_message(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(
        &b, PROTOCOL_HTTP,
        "alert http any any -> any any (http.uri; content:\"/a\"; http.host; content:\"b\"; "
        "sid:1;)\n"
        "alert http any any -> any any (http.uri; to_lowercase; content:\"/a\"; sid:2;)\n"
        "alert http any any -> any any (file.data; content:\"/a\"; http.stat_code; "
        "content:\"2\"; sid:3;)\n");
    HEAD(&b, PROTO_TO_SERVER, {PART_HTTP_URI, "/a"}, {PART_HTTP_HOST, "b"});
    assert_int_equal(b.asked, 1);
    HEAD(&b, PROTO_TO_CLIENT, {PART_HTTP_STAT_CODE, "200"});
    b.asked = 0;
    assert_string_equal(body(&b, PART_HTTP_RESPONSE_BODY, "x", false), "");
    assert_int_equal(b.asked, 0); /* nothing in the body asks for the head */
    assert_string_equal(body(&b, PART_HTTP_RESPONSE_BODY, "/a", false), "3 ");
    assert_int_equal(b.asked, 1);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_rule_must_hold_each_in_its_part),
        cmocka_unit_test(what_is_asked_of_a_part_holds_in_one_and_the_same),
        cmocka_unit_test(sizes_and_transforms),
        cmocka_unit_test(parts_are_asked_as_they_are_and_changed),
        cmocka_unit_test(versions_of_tls),
        cmocka_unit_test(the_protocol_of_a_flow_is_asked_once_it_is_known),
        cmocka_unit_test(a_rule_is_of_its_direction_and_protocol),
        cmocka_unit_test(a_pass_silences_what_comes_behind_it),
        cmocka_unit_test(head_and_body_are_joined),
        cmocka_unit_test(a_rule_matches_a_message_once_and_the_next_one_anew),
        cmocka_unit_test(a_name_of_a_file_comes_with_its_content),
        cmocka_unit_test(parts_are_asked_for_once_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
