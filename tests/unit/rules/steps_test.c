/* What rules ask of bytes and of headers beside contents: each row is a fact of Suricata's
 * documentation; then random rules against a twin without memory. */
#include "tests/unit/rules/stream.h"

static bool holds(const char *options, const void *data, size_t len,
                  const struct match_header *header)
{
    struct parsed p;
    struct match_flow flow = {0};
    struct signature *s = parsed_options(&p, options);
    if (!s)
        fail_msg("%s is rejected: %s", options, p.diags.items[0].text);
    struct match_input in = given_input(data, len, 80);
    in.header = header;
    bool held = given_confirm(s, &in, &flow) == RULE_MATCHES;
    parsed_free(&p);
    return held;
}

static const struct {
    const char *options, *data;
    bool holds;
} byte_rows[] = {
    /* isdataat: relative, N bytes follow; else there is a byte behind N others. */
    {"content:\"ab\"; isdataat:2,relative;", "xabcd", true},
    {"content:\"ab\"; isdataat:3,relative;", "xabcd", false},
    {"content:\"cd\"; isdataat:!1,relative;", "xabcd", true},
    {"content:\"ab\"; isdataat:!1,relative;", "xabcd", false},
    {"content:\"ab\"; isdataat:!1,relative;", "xabcdab", true}, /* the second place */
    {"isdataat:4;", "abcde", true},
    {"isdataat:5;", "abcde", false},
    {"isdataat:!5;", "abcde", true},
    {"isdataat:4,rawbytes;", "abcde", true},
    /* byte_test: numbers of bytes, of digits; operators; masks; what is not there does not hold. */
    {"byte_test:2,=,0x6162,0;", "abc", true},
    {"byte_test:2,=,0x6261,0,little;", "abc", true},
    {"byte_test:2,=,0x6263,1;", "abc", true},
    {"byte_test:2,=,0x6263,2;", "abc", false},
    {"byte_test:2,!,1,2;", "abc", false}, /* nothing to read is no other value */
    {"content:\"a\"; byte_test:1,>,0x61,0,relative;", "abc", true},
    {"content:\"b\"; byte_test:1,=,0x61,-2,relative;", "abc", true},
    {"content:\"b\"; byte_test:1,=,0x61,-3,relative;", "abc", false},
    {"content:\"a\"; byte_test:1,=,0x63,0,relative;", "abac", true}, /* the second place */
    {"byte_test:1,<,0x62,0;", "a", true},
    {"byte_test:1,<=,0x61,0;", "a", true},
    {"byte_test:1,>=,0x62,0;", "a", false},
    {"byte_test:1,!<,0x62,0;", "a", false},
    {"byte_test:1,!=,0x62,0;", "a", true},
    {"byte_test:1,&,1,0;", "a", true},
    {"byte_test:1,&,2,0;", "a", false},
    {"byte_test:1,^,0x61,0;", "a", false}, /* no bit differs */
    {"byte_test:1,=,6,0,bitmask 0xf0;", "a", true},
    {"byte_test:3,=,123,0,string,dec;", "123", true},
    {"byte_test:4,=,0x1f,0,string,hex;", "001f", true},
    {"byte_test:2,=,8,0,string,oct;", "10", true},
    {"byte_test:4,=,12,0,string,dec;", "12xy", true}, /* digits end before */
    {"byte_test:2,=,0,0,string,dec;", "xy", false},   /* no digit at all */
    /* byte_jump: what follows counts from where it leads. */
    {"byte_jump:1,0,string,dec; content:\"x\"; distance:0; within:1;", "2..x", true},
    {"byte_jump:1,0,string,dec; content:\"x\"; distance:0; within:1;", "1..x", false},
    {"content:\"L\"; byte_jump:1,0,relative,string,dec; isdataat:!2,relative;", "..L1.x", true},
    {"byte_jump:1,0,string,dec,multiplier 2; content:\"x\"; distance:0; within:1;", "1..x", true},
    {"byte_jump:1,0,string,dec,align; content:\"x\"; distance:0; within:1;", "1....x", true},
    {"byte_jump:1,0,string,dec,from_beginning; content:\"x\"; distance:0; within:1;", "3..x", true},
    {"byte_jump:1,0,string,dec,post_offset -1; content:\"x\"; distance:0; within:1;", "3..x", true},
    {"byte_jump:0,0,from_end,post_offset -2; content:\"x\"; distance:0; within:1;", "abxc", true},
    {"byte_jump:1,0,string,dec,post_offset -9; content:\"1\"; distance:0; within:1;", "1..x",
     true},                                       /* to the start */
    {"byte_jump:1,0,string,dec;", "9..x", false}, /* leads out of the data */
    {"content:\"L\"; byte_jump:1,0,relative,string,dec; content:\"x\"; distance:0; within:1;",
     "L9L1.x", true},
    /* byte_extract: a variable for what follows. */
    {"byte_extract:1,0,n,string,dec; content:\"x\"; offset:n; depth:1;", "3..x", true},
    {"byte_extract:1,0,n,string,dec; content:\"x\"; offset:n;", "3..x", true},
    {"byte_extract:1,0,n,string,dec; content:\"x\"; depth:n;", "3.x.", true},
    {"byte_extract:1,0,n,string,dec; content:\"x\"; depth:n;", "2.x.", false},
    {"byte_extract:1,0,n,string,dec; content:\"x\"; distance:n;", "3..x.", false},
    {"byte_extract:1,0,n,string,dec; content:\"x\"; distance:n;", "2..x.", true},
    {"byte_extract:1,0,n,string,dec; content:\"x\"; distance:0; within:n;", "3..x.", true},
    {"byte_extract:1,0,n,string,dec; content:\"x\"; distance:0; within:n;", "2..x.", false},
    {"byte_extract:1,0,n,string,dec; byte_test:1,=,n,1,string,dec;", "77", true},
    {"byte_extract:1,0,n,string,dec; byte_test:1,=,n,1,string,dec;", "78", false},
    {"byte_extract:1,0,n,string,dec; byte_test:1,=,7,n,string,dec;", "2.7", true},
    {"byte_extract:1,0,n,string,dec; byte_jump:1,n,string,dec; isdataat:!2,relative;", "2.1.x",
     true},
    {"byte_extract:1,0,n,string,dec; isdataat:n;", "2.x", true},
    {"byte_extract:1,0,n,string,dec; isdataat:n;", "3.x", false},
    {"byte_extract:1,0,n,string,dec,multiplier 2; content:\"x\"; offset:n;", "2...x", true},
    {"content:\"L\"; byte_extract:1,0,n,relative,string,dec; content:\"x\"; distance:n; within:1;",
     "L1L2..x", true},
    /* pcre: options, places, what follows. */
    {"pcre:\"/a.c/\";", "xabc", true},
    {"pcre:\"/A.C/\";", "xabc", false},
    {"pcre:\"/A.C/i\";", "xabc", true},
    {"pcre:\"/^b/\";", "a\nb", false},
    {"pcre:\"/^b/m\";", "a\nb", true},
    {"pcre:\"/a.b/\";", "a\nb", false},
    {"pcre:\"/a.b/s\";", "a\nb", true},
    {"pcre:\"/a b/x\";", "ab", true},
    {"pcre:\"/b/A\";", "ab", false},
    {"pcre:\"/b$/\";", "ab\n", true},
    {"pcre:\"/b$/E\";", "ab\n", false},
    {"pcre:!\"/b/\";", "ab", false},
    {"pcre:!\"/c/\";", "ab", true},
    {"content:\"a\"; pcre:\"/^b/R\";", "xab", true},
    {"content:\"a\"; pcre:\"/^b/R\";", "xaab", true}, /* the second place */
    {"content:\"a\"; pcre:\"/^b/R\";", "xacb", false},
    {"content:\"a\"; pcre:!\"/^b/R\";", "xab", false},
    {"pcre:\"/a/\"; content:\"b\"; distance:1; within:1;", "xaab", true}, /* its first match */
    {"pcre:\"/a/\"; content:\"b\"; distance:0; within:1;", "xaab", true}, /* its second */
    {"pcre:\"/a+/G\"; content:\"ab\"; distance:0; within:2;", "xaab", true},
    {"pcre:\"/(.)\\1/\";", "abb", true}, /* a group is remembered */
    {"content:\"b\"; rawbytes;", "abb", true},
    /* base64_decode: RFC 4648, section 10: "foobar" is Zm9vYmFy, "fooba" Zm9vYmE=, "foob" Zm9vYg==.
     */
    {"base64_decode; base64_data; content:\"foobar\"; bsize:6;", "Zm9vYmFy", true},
    {"base64_decode; base64_data; content:\"fooba\"; bsize:5;", "Zm9vYmE=", true},
    {"base64_decode; base64_data; content:\"foob\"; bsize:4;", "Zm9vYg==", true},
    {"base64_decode; base64_data; bsize:5;", "Zm9vYmE", true},   /* without its filler */
    {"base64_decode; base64_data; bsize:3;", "Zm9v.YmFy", true}, /* ends at what is none */
    {"base64_decode; base64_data; bsize:4;", "Zm9vY.mFy", true}, /* one character: a byte too */
    {"base64_decode; base64_data; bsize:3;", "Zm9vY", true},     /* unless the bytes end there */
    {"base64_decode; base64_data; content:\"foofo\";", "Zm9vZm8=", true},
    {"base64_decode; base64_data; content:\"ffoo\";", "Zg==Zm9v", true}, /* goes on behind it */
    {"base64_decode; base64_data; content:\"|fb ff|\";", "+/8=", true},
    {"base64_decode; base64_data; content:\"|fb ff|\";", "-_8=", false}, /* section 5 is another */
    {"base64_decode:bytes 4; base64_data; bsize:3;", "Zm9vYmFy", true},
    {"base64_decode:offset 4; base64_data; content:\"bar\"; startswith;", "Zm9vYmFy", true},
    {"base64_decode:offset 8; base64_data; bsize:>0;", "Zm9vYmFy", false},
    {"base64_decode:bytes 4, offset 1; base64_data; content:\"foo\"; bsize:3;", ".Zm9vYmFy", true},
    {"content:\"=\"; base64_decode:relative; base64_data; content:\"foo\";", "x=Zm9v", true},
    {"content:\"=\"; base64_decode:offset 2,relative; base64_data; content:\"foo\";", "x=..Zm9v",
     true},
    {"content:\"=\"; base64_decode:relative; base64_data; content:\"foo\";", "=.=Zm9v",
     false}, /* Suricata tries the first place alone */
    {"content:\"=\"; content:\"'\"; distance:0; within:2; base64_decode:relative; base64_data; "
     "content:\"foo\";",
     "=.='Zm9v", true}, /* here the first is not in reach */
    {"content:\"=\"; base64_decode:relative; base64_data; content:\"o\"; content:\"o\"; "
     "distance:0;",
     "x=Zm9v", true},
    {"content:\"=\"; base64_decode:relative; base64_data; pcre:!\"/foo/\";", "x=Zm9v", false},
    {"content:\"=\"; base64_decode:relative; base64_data; content:\"Zm\";", "x=Zm9v", false},
    {"content:\"=\"; base64_decode:relative; base64_data; content:!\"a\"; pkt_data;", "x=!", false},
    {"content:\"=\"; base64_decode:relative;", "x=Zm9v", false}, /* nobody asks what it is */
    /* byte_math: operators, a variable, a mask of the result; it goes on behind what it read. */
    {"byte_math:bytes 1, offset 0, oper +, rvalue 1, result n, string dec; content:\"x\"; "
     "offset:n; "
     "depth:1;",
     "2..x", true},
    {"byte_math:bytes 2, offset 0, oper -, rvalue 7, result n, string dec; content:\"x\"; "
     "offset:n; "
     "depth:1;",
     "10.x", true},
    {"byte_math:bytes 1, offset 0, oper /, rvalue 2, result n, string dec; content:\"x\"; "
     "offset:n; "
     "depth:1;",
     "7..x", true}, /* 3, rounded down */
    {"byte_math:bytes 1, offset 0, oper /, rvalue 0, result n, string dec;", "7..x", false},
    {"byte_math:bytes 1, offset 0, oper *, rvalue 2, result n; isdataat:!195; isdataat:n;", "a",
     false}, /* 194 bytes are not there */
    {"byte_math:bytes 1, offset 0, oper >>, rvalue 5, result n; content:\"x\"; offset:n; depth:1;",
     "a..x", true},
    {"byte_math:bytes 1, offset 0, oper <<, rvalue 1, result n, string hex; content:\"x\"; "
     "offset:n; "
     "depth:1;",
     "2...x", true},
    {"byte_math:bytes 2, offset 0, oper +, rvalue 1, result n, endian little, bitmask 0x0f00; "
     "content:\"x\"; offset:n; depth:1;",
     "\x10\x03.x", true}, /* 0x310 + 1, its second digit */
    {"byte_extract:1,0,m,string,dec; byte_math:bytes 1, offset 1, oper +, rvalue m, result n, "
     "string "
     "dec; content:\"x\"; offset:n; depth:1;",
     "12.x", true},
    {"byte_math:bytes 1, offset 0, oper +, rvalue 0, result n; content:\"b\"; distance:0; "
     "within:1;",
     "ab", true},
    {"content:\"L\"; byte_math:bytes 1, offset 0, oper +, rvalue 1, result n, relative, string "
     "dec; "
     "content:\"x\"; distance:n; within:1;",
     "L1..x", true},
    /* asn1: X.690, 8.6 (a bit string's first byte: how many bits are left out), 8.9, 8.1.3. */
    {"asn1:bitstring_overflow;", "\x03\x02\x07\x80", false},
    {"asn1:bitstring_overflow;", "\x03\x02\x11\x80", true}, /* 17 of 16 */
    {"asn1:bitstring_overflow;", "\x03\x02\x10\x80", false},
    {"asn1:bitstring_overflow;", "\x30\x04\x03\x02\x11\x80", true},          /* in a sequence */
    {"asn1:bitstring_overflow;", "\x04\x04\x03\x02\x11\x80", false},         /* bytes like one */
    {"asn1:bitstring_overflow;", "\x01\x01\x01\x03\x02\x11\x80", true},      /* the second value */
    {"asn1:bitstring_overflow;", "\x01\x02\x01\x01\x03\x02\x11\x80", false}, /* behind none */
    {"asn1:bitstring_overflow;", "\x83\x02\x11\x80", false},                 /* of another class */
    {"asn1:oversize_length 3;",
     "\x04\x03"
     "abc",
     false},
    {"asn1:oversize_length 3;",
     "\x04\x04"
     "abcd",
     true},
    {"asn1:oversize_length 3;",
     "\x04\x81\x04"
     "abcd",
     true}, /* the long form */
    {"asn1:oversize_length 3;",
     "\x04\x05"
     "abcd",
     false}, /* not whole */
    {"asn1:oversize_length 3, absolute_offset 2;",
     "xy\x04\x04"
     "abcd",
     true},
    {"content:\"y\"; asn1:oversize_length 3, relative_offset 1;",
     "xyz\x04\x04"
     "abcd",
     true},
    {"content:\"z\"; asn1:oversize_length 3, relative_offset -1;",
     "xyz\x04\x04"
     "abcd",
     true}, /* z is an identifier too, of four bytes */
    {"asn1:double_overflow;",
     "\x09\x03\x05"
     "ab",
     false},
    {"asn1:double_overflow, oversize_length 2;",
     "\x09\x03\x05"
     "ab",
     true},
    /* The order of bytes says nothing of digits, and Suricata lets it stand. */
    {"byte_jump:1,0,little,string,dec; content:\"x\"; distance:0; within:1;", "2..x", true},
    {"byte_test:2,=,0x1f,0,big,string,hex;", "1f", true},
};

static void bytes_are_asked_as_documented(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof byte_rows / sizeof byte_rows[0]; i++)
        if (holds(byte_rows[i].options, byte_rows[i].data, strlen(byte_rows[i].data), NULL) !=
            byte_rows[i].holds) {
            print_error("%s on `%s`: not %d\n", byte_rows[i].options, byte_rows[i].data,
                        byte_rows[i].holds);
            wrong++;
        }
    assert_int_equal(wrong, 0);
}

static const struct {
    const char *options;
    enum match_field field;
    uint32_t value;
    bool holds;
} header_rows[] = {
    {"flags:S;", FIELD_TCP_FLAGS, 0x02, true},
    {"flags:S;", FIELD_TCP_FLAGS, 0x12, false},
    {"flags:+S;", FIELD_TCP_FLAGS, 0x12, true},
    {"flags:+SA;", FIELD_TCP_FLAGS, 0x02, false},
    {"flags:*SA;", FIELD_TCP_FLAGS, 0x02, true},
    {"flags:*SA;", FIELD_TCP_FLAGS, 0x04, false},
    {"flags:!SA;", FIELD_TCP_FLAGS, 0x02, true},
    {"flags:!SA;", FIELD_TCP_FLAGS, 0x16, false},
    {"flags:S,12;", FIELD_TCP_FLAGS, 0xc2, true},
    {"flags:S,CE;", FIELD_TCP_FLAGS, 0x42, true},
    {"flags:S,12;", FIELD_TCP_FLAGS, 0xd2, false},
    {"flags:0;", FIELD_TCP_FLAGS, 0, true},
    {"flags:0;", FIELD_TCP_FLAGS, 1, false},
    {"flags:FPU;", FIELD_TCP_FLAGS, 0x29, true},
    {"fragbits:D;", FIELD_FRAGMENT_BITS, 2, true},
    {"fragbits:D;", FIELD_FRAGMENT_BITS, 3, false},
    {"fragbits:D+;", FIELD_FRAGMENT_BITS, 3, true},
    {"fragbits:!M;", FIELD_FRAGMENT_BITS, 2, true},
    {"fragbits:*MR;", FIELD_FRAGMENT_BITS, 4, true},
    {"fragoffset:>10;", FIELD_FRAGMENT_OFFSET, 11, true},
    {"fragoffset:>10;", FIELD_FRAGMENT_OFFSET, 10, false},
    {"ttl:10;", FIELD_TTL, 10, true},
    {"ttl:<10;", FIELD_TTL, 9, true},
    {"ttl:<10;", FIELD_TTL, 10, false},
    {"ttl:1-5;", FIELD_TTL, 3, true},
    {"tos:!8;", FIELD_TOS, 8, false},
    {"id:1;", FIELD_IP_ID, 1, true},
    {"itype:8;", FIELD_ICMP_TYPE, 8, true},
    {"itype:>10;", FIELD_ICMP_TYPE, 10, false},
    {"itype:8<>20;", FIELD_ICMP_TYPE, 9, true},
    {"itype:8<>20;", FIELD_ICMP_TYPE, 8, false},
    {"icode:>1;", FIELD_ICMP_CODE, 2, true},
    {"icmp_id:300;", FIELD_ICMP_ID, 300, true},
    {"icmp_seq:3;", FIELD_ICMP_SEQ, 4, false},
    {"seq:0;", FIELD_TCP_SEQ, 0, true},
    {"ack:1;", FIELD_TCP_ACK, 0, false},
    {"window:!55808;", FIELD_TCP_WINDOW, 1, true},
    {"tcp.mss:1460;", FIELD_TCP_MSS, 1460, true},
    {"tcp.mss:<536;", FIELD_TCP_MSS, 536, false},
    {"ipopts:rr;", FIELD_IP_OPTIONS, 1u << IPV4_OPTION_RR | 1u << IPV4_OPTION_EOL, true},
    {"ipopts:rr;", FIELD_IP_OPTIONS, 1u << IPV4_OPTION_NOP, false},
    {"ipopts:ANY;", FIELD_IP_OPTIONS, 1u << IPV4_OPTION_SSRR, true},
    {"ipopts:any;", FIELD_IP_OPTIONS, 0, false},
    {"tcp.window:55808;", FIELD_TCP_WINDOW, 55808, true},
};

static void headers_are_asked_as_documented(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof header_rows / sizeof header_rows[0]; i++) {
        struct match_header header = {.has = 1u << header_rows[i].field}, none = {0};
        header.value[header_rows[i].field] = header_rows[i].value;
        bool there = holds(header_rows[i].options, "", 0, &header) == header_rows[i].holds,
             absent = !holds(header_rows[i].options, "", 0, &none);
        if (!there || !absent)
            print_error("%s of %u: not %d, or held without the header\n", header_rows[i].options,
                        header_rows[i].value, header_rows[i].holds);
        wrong += !there || !absent;
    }
    assert_int_equal(wrong, 0);
}

/* X.690, 8.5.7: of a real number that is text the first byte's upper two bits are 0. */
static void real_numbers_of_more_than_256_bytes_are_found(void **state)
{
    (void)state;
    uint8_t data[261] = {9, 0x82, 1, 1, 3}; /* 257 bytes */
    assert_true(holds("asn1:double_overflow;", data, sizeof data, NULL));
    assert_false(holds("asn1:double_overflow;", data, sizeof data - 1, NULL)); /* not whole */
    data[4] = 0x80;                                                            /* binary */
    assert_false(holds("asn1:double_overflow;", data, sizeof data, NULL));
    data[3] = 0;
    data[4] = 3;
    assert_false(holds("asn1:double_overflow;", data, sizeof data, NULL));
}

/* Headers as bytes, beside the payload; a packet without this header holds nothing of it. */
static void headers_are_asked_as_bytes(void **state)
{
    (void)state;
    static const uint8_t tcp[] = "ABCD";
    static const struct {
        const char *options;
        bool holds;
    } rows[] = {
        {"tcp.hdr; content:\"BC\"; offset:1; bsize:4;", true},
        {"tcp.hdr; content:\"xyz\";", false}, /* that is the payload */
        {"content:\"xyz\"; tcp.hdr; content:\"AB\"; startswith;", true},
        {"tcp.hdr; content:\"AB\"; pkt_data; content:\"xyz\";", true},
        {"tcp.hdr; content:\"AB\"; ipv4.hdr; content:\"AB\";", false}, /* there is none */
        {"tcp.hdr; content:\"A\"; pkt_data; content:\"x\"; tcp.hdr; content:\"B\"; distance:0;",
         true}, /* one place, wherever the rule says it */
        {"tcp.hdr; content:!\"A\";", false},
        {"tcp.hdr; bsize:>4;", false}};
    struct match_header header = {.headers[HEADER_TCP] = {tcp, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (holds(rows[i].options, "xyz", 3, &header) != rows[i].holds)
            fail_msg("%s: not %d", rows[i].options, rows[i].holds);
}

/* A step that has what it asks for only in the new bytes makes the rule match there, once. */
static void steps_hold_across_pieces_of_a_stream(void **state)
{
    (void)state;
    static const char *const options[] = {
        "content:\"ab\"; isdataat:3,relative;",
        "content:\"ab\"; byte_test:1,=,0x78,2,relative;",
        "pcre:\"/ab..x/\";",
        "content:\"ab\"; pcre:\"/^..x/R\";",
        "content:\"ab\"; byte_jump:1,0,relative,string,dec; content:\"x\"; distance:0; within:1;",
        "byte_extract:1,3,n,string,dec; content:\"x\"; distance:n; within:1;",
        "content:\"ab\"; base64_decode:relative; base64_data; content:\"|d4|\";"};
    static const char data[] = ".ab1.x..";
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        for (size_t cut = 1; cut < sizeof data - 1; cut++) {
            char text[256];
            unsigned count = 0;
            struct match_flow flow = {0};
            struct window w = {.len = 0};
            snprintf(text, sizeof text, "alert tcp any any -> any any (%s sid:1;)\n", options[i]);
            struct rule_set *set = set_of(text, NULL);
            struct matcher *m = matcher_create(set, NULL);
            struct match_input in = given_input(NULL, 0, 80);
            stream_feed(m, &flow, &w, in, data, cut, &count);
            stream_feed(m, &flow, &w, in, data + cut, sizeof data - 1 - cut, &count);
            if (count != 1)
                fail_msg("%s cut at %zu: %u hits", options[i], cut, count);
            matcher_destroy(m);
            rule_set_destroy(set);
        }
}

/* What would take for ever is given up, and counted for its rule. */
static void confirming_is_bounded_and_the_bound_is_counted(void **state)
{
    (void)state;
    static uint8_t data[1400];
    struct rule_set *set =
        set_of("alert tcp-pkt any any -> any any (content:\"a\"; pcre:\"/a/R\"; content:\"a\"; "
               "distance:0; pcre:\"/a/R\"; content:\"b\"; distance:0; within:1; sid:1;)\n",
               NULL);
    struct matcher *m = matcher_create(set, NULL);
    struct match_flow flow = {0};
    struct hit hits[MATCH_HITS_MAX];
    memset(data, 'a', sizeof data);
    data[0] = 'b'; /* its literal is there */
    struct match_input in = given_input(data, sizeof data, 80);
    assert_int_equal(matcher_run(m, &in, &flow, hits), 0);
    assert_int_equal(matcher_cut_of(m, 0), 1);
    assert_int_equal(matcher_stats(m)->confirms_cut, 1);
    matcher_destroy(m);
    rule_set_destroy(set);
}

/* Rules that ask for addresses only: once a direction of a flow, however many packets. */
static void rules_of_addresses_are_tried_once_a_direction(void **state)
{
    (void)state;
    struct rule_set *set = set_of("alert ip any any -> any any (sid:1;)\n"
                                  "alert ip any any -> any any (ip_proto:6; sid:2;)\n"
                                  "alert tcp any any -> any 80 (sid:3;)\n",
                                  NULL);
    struct matcher *m = matcher_create(set, NULL);
    struct match_flow flow = {0};
    struct hit hits[MATCH_HITS_MAX];
    struct match_input in = given_input("", 0, 80);
    assert_int_equal(matcher_run(m, &in, &flow, hits), 3);
    assert_int_equal(matcher_run(m, &in, &flow, hits), 1); /* a port is asked of every packet */
    in.to_server = false;
    in.source_port = 80;
    in.target_port = 40000;
    assert_int_equal(matcher_run(m, &in, &flow, hits), 2);
    assert_int_equal(matcher_run(m, &in, &flow, hits), 0);
    matcher_destroy(m);
    rule_set_destroy(set);
}

/* The twin: every place of every step is tried, and nothing is remembered. */
struct naive {
    const struct signature *sig;
    const uint8_t *data;
    int len;
};

static bool naive_from(const struct naive *t, unsigned i, int previous)
{
    if (i == t->sig->n_contents)
        return true;
    const struct content *c = &t->sig->contents[i];
    bool relative = c->flags & CONTENT_RELATIVE, found = false;
    int base = relative ? previous : 0;
    if (c->kind == STEP_ISDATAAT)
        return (base + c->number->offset + !relative <= t->len) != !!(c->flags & CONTENT_NEGATED) &&
               naive_from(t, i + 1, previous);
    if (c->kind == STEP_BYTE_TEST || c->kind == STEP_BYTE_JUMP) {
        int at = base + c->number->offset;
        if (at < 0 || at >= t->len)
            return false;
        unsigned value = t->data[at];
        if (c->kind == STEP_BYTE_TEST)
            return value > c->number->value && naive_from(t, i + 1, previous);
        int to = at + 1 + (int)(value - 'a');
        return to >= 0 && to < t->len && value >= 'a' && naive_from(t, i + 1, to);
    }
    int low = base + (relative ? c->distance : c->offset), end = t->len;
    if (c->flags & CONTENT_WITHIN && low + c->within < end)
        end = low + c->within;
    for (int at = low < 0 ? 0 : low; at + c->len <= end; at++) {
        if (memcmp(t->data + at, c->bytes, c->len) != 0)
            continue;
        found = true;
        if (!(c->flags & CONTENT_NEGATED) && naive_from(t, i + 1, at + c->len))
            return true;
    }
    return c->flags & CONTENT_NEGATED && !found && naive_from(t, i + 1, previous);
}

static void steps_are_those_of_the_twin_that_tries_everything(void **state)
{
    (void)state;
    uint64_t seed = 20261;
    unsigned held = 0;
    for (int round = 0; round < 20000; round++) {
        struct text options = {0};
        uint8_t data[24];
        int len = 1 + (int)random_below(&seed, sizeof data);
        for (int i = 0; i < len; i++)
            data[i] = (uint8_t) "abcd"[random_below(&seed, 4)];
        for (int n = 1 + (int)random_below(&seed, 4), i = 0; i < n; i++)
            switch (random_below(&seed, i ? 6 : 1)) {
            case 0:
                text_printf(&options, "content:\"%c\";", "abcd"[random_below(&seed, 4)]);
                break;
            case 1:
                text_printf(&options, "content:\"%c\"; distance:%d; within:%d;",
                            "abcd"[random_below(&seed, 4)], (int)random_below(&seed, 5) - 1,
                            1 + (int)random_below(&seed, 4));
                break;
            case 2:
                text_printf(&options, "content:!\"%c\"; distance:0; within:%d;",
                            "abcd"[random_below(&seed, 4)], 1 + (int)random_below(&seed, 3));
                break;
            case 3:
                text_printf(&options, "isdataat:%s%d,relative;", random_below(&seed, 2) ? "!" : "",
                            (int)random_below(&seed, 6));
                break;
            case 4:
                text_printf(&options, "byte_test:1,>,0x%x,%d,relative;",
                            'a' + (unsigned)random_below(&seed, 3),
                            (int)random_below(&seed, 4) - 2);
                break;
            default: /* 'a' leads on by none, 'd' by three */
                text_printf(&options, "byte_jump:1,%d,relative,post_offset -97;",
                            (int)random_below(&seed, 3));
                break;
            }
        struct parsed p;
        struct match_flow flow = {0};
        struct signature *s = parsed_options(&p, text_str(&options));
        assert_non_null(s);
        struct match_input in = given_input(data, (size_t)len, 80);
        struct naive twin = {s, data, len};
        bool expected = naive_from(&twin, 0, 0);
        if ((given_confirm(s, &in, &flow) == RULE_MATCHES) != expected)
            fail_msg("%s on %.*s: the twin says %d", text_str(&options), len, (const char *)data,
                     expected);
        held += expected;
        parsed_free(&p);
        text_free(&options);
    }
    assert_in_range(held, 2000, 18000); /* both answers are there often */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_asked_as_documented),
        cmocka_unit_test(headers_are_asked_as_documented),
        cmocka_unit_test(real_numbers_of_more_than_256_bytes_are_found),
        cmocka_unit_test(headers_are_asked_as_bytes),
        cmocka_unit_test(steps_hold_across_pieces_of_a_stream),
        cmocka_unit_test(confirming_is_bounded_and_the_bound_is_counted),
        cmocka_unit_test(rules_of_addresses_are_tried_once_a_direction),
        cmocka_unit_test(steps_are_those_of_the_twin_that_tries_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
