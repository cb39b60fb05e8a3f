/* Certificates: one made by OpenSSL, names written by hand, everything cut short. */
#include "proto/x509.h"
#include "tests/unit/proto/tls_bytes.h"

#include "base/digest.h"
#include "base/text.h"

#include <stdlib.h>

#define TEXT(text) text, sizeof(text) - 1

/* openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
 *     -subj '/C=AQ/O=Plimsoll/OU=Tests/CN=a.example' -set_serial 0x8812ab34 */
static const char by_openssl[] = "308201cf30820174a0030201020205008812ab34300a06082a8648ce3d040302"
                                 "3044310b30090603550406130241513111300f060355040a0c08506c696d736f"
                                 "6c6c310e300c060355040b0c0554657374733112301006035504030c09612e65"
                                 "78616d706c65301e170d3236313132383035313035395a170d33363131323530"
                                 "35313035395a3044310b30090603550406130241513111300f060355040a0c08"
                                 "506c696d736f6c6c310e300c060355040b0c0554657374733112301006035504"
                                 "030c09612e6578616d706c653059301306072a8648ce3d020106082a8648ce3d"
                                 "03010703420004f6d7182b634cee79e2e06bf5bec5f0328b32c28faf095a84a6"
                                 "f79b1ce56edf917617810f49737c0cbdb551bb300dce1f3c5386fb8c51197f3c"
                                 "3639b438ef1ce1a3533051301d0603551d0e041604147043537c2520ab4c946b"
                                 "14e0f54a8a9a59196b25301f0603551d230418301680147043537c2520ab4c94"
                                 "6b14e0f54a8a9a59196b25300f0603551d130101ff040530030101ff300a0608"
                                 "2a8648ce3d0403020349003046022100b94f1e1b40048c6cf663e977b12ff1be"
                                 "73484d2cdf35948ca216e99fe5b343ef022100c15ff139bf86fd68180a6970d2"
                                 "1eedca426918fd39f385f75f702c4beb64fc00";

static struct bytes unhexed(uint8_t out[1024])
{
    size_t n = 0;
    for (; by_openssl[2 * n]; n++) {
        char pair[3] = {by_openssl[2 * n], by_openssl[2 * n + 1], 0};
        out[n] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return (struct bytes){out, n};
}

/* name_is: the text of a name's attributes. */
static void name_is(struct bytes name, const char *wanted, size_t len)
{
    uint8_t memory[4096];
    struct proto_scratch scratch = {.data = memory, .room = sizeof memory};
    struct scratch_text t = scratch_begin(&scratch);
    x509_name(&t, name);
    struct bytes text = scratch_end(&scratch, &t);
    if (text.len != len || memcmp(text.data, wanted, len) != 0)
        fail_msg("%.*s, not %.*s", (int)text.len, (const char *)text.data, (int)len, wanted);
    assert_false(t.cut);
}

static void certificate_of_openssl_is_read(void **state)
{
    (void)state;
    uint8_t data[1024], digest[SHA1_BYTES];
    char hex[2 * SHA1_BYTES + 1];
    struct x509 x;
    struct bytes der = unhexed(data);
    assert_true(x509_read(der, &x));
    /* openssl x509 -noout -subject -serial -fingerprint -sha1 */
    name_is(x.subject, "C=AQ, O=Plimsoll, OU=Tests, CN=a.example", 40);
    name_is(x.issuer, "C=AQ, O=Plimsoll, OU=Tests, CN=a.example", 40);
    assert_int_equal(x.serial.len, 5);
    assert_memory_equal(x.serial.data, "\0\x88\x12\xab\x34", 5);
    sha1(digest, der.data, der.len);
    hex_encode(hex, digest, sizeof digest);
    assert_string_equal(hex, "bec559b0552352e2a2e214541fab9e39eccf9d80");
}

static void part_of_a_certificate_is_none(void **state)
{
    (void)state;
    uint8_t data[1024];
    struct x509 x;
    struct bytes der = unhexed(data);
    for (size_t n = 0; n < der.len; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, der.data, n);
        assert_false(x509_read((struct bytes){copy, n}, &x));
        free(copy);
    }
}

/* Where the elements of the least certificate stand, by what they are. */
static void every_element_is_asked_for(void **state)
{
    (void)state;
    static struct made m;
    struct x509 x;
    m.len = 0;
    put_certificate(&m, "a", "b");
    assert_true(x509_read(made_view(&m), &x));
    name_is(x.subject, "CN=a", 4);
    name_is(x.issuer, "CN=b", 4);
    static const struct {
        const char *bytes;
        size_t len;
    } elements[] = {
        {TEXT("\x30\x66")},         /* the certificate */
        {TEXT("\x30\x5a")},         /* what is signed */
        {TEXT("\2\1\2")},           /* the version's number */
        {TEXT("\2\3\0\x8a")},       /* the serial number */
        {TEXT("\x30\4\6\2")},       /* the algorithm */
        {TEXT("\6\2\x2a\3")},       /* its name */
        {TEXT("\x30\x0c\x31")},     /* the issuer */
        {TEXT("\x30\x20\x17")},     /* the dates */
        {TEXT("\x17\x0d")},         /* from */
        {TEXT("\x18\x0f")},         /* to */
        {TEXT("\x30\x0a\x30\4\6")}, /* the key */
        {TEXT("\3\2\0\1")},         /* its bits */
    };
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        uint8_t *at = memmem(m.data, m.len, elements[i].bytes, elements[i].len);
        if (!at)
            fail_msg("element %zu is not there", i);
        uint8_t kept = *at;
        *at = 0x04; /* a string of octets */
        if (x509_read(made_view(&m), &x))
            fail_msg("element %zu may be anything", i);
        *at = kept;
    }
    /* The last algorithm and the signature, behind what is signed. */
    m.data[2 + 2 + 0x5a] = 0x04;
    assert_false(x509_read(made_view(&m), &x));
    m.data[2 + 2 + 0x5a] = 0x30;
    m.data[2 + 2 + 0x5a + 6] = 0x04;
    assert_false(x509_read(made_view(&m), &x));
}

static void version_may_be_missing(void **state)
{
    (void)state;
    static struct made m;
    struct x509 x;
    m.len = 0;
    put_certificate(&m, "a", "b");
    memmove(m.data + 4, m.data + 9, m.len - 9);
    m.len -= 5;
    m.data[1] = (uint8_t)(m.data[1] - 5);
    m.data[3] = (uint8_t)(m.data[3] - 5);
    assert_true(x509_read(made_view(&m), &x));
    assert_int_equal(x.serial.len, 3);
}

#define CN    "\x55\4\3", 3
#define EMAIL "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9

static void attributes_have_names(void **state)
{
    (void)state;
    static const struct {
        const char *oid;
        size_t len;
        const char *text;
    } cases[] = {
        {"\x55\4\3", 3, "CN=x"},
        {"\x55\4\6", 3, "C=x"},
        {"\x55\4\7", 3, "L=x"},
        {"\x55\4\x08", 3, "ST=x"},
        {"\x55\4\x0a", 3, "O=x"},
        {"\x55\4\x0b", 3, "OU=x"},
        {"\x55\4\5", 3, "serialNumber=x"},
        {"\x55\4\x09", 3, "streetAddress=x"},
        {"\x55\4\x11", 3, "postalCode=x"},
        {"\x55\4\x0f", 3, "businessCategory=x"},
        {"\x55\x1d\x11", 3, "subjectAltName=x"},
        {EMAIL, "Email=x"},
        {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC=x"},
        {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10, "uid=x"},
        {"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", 11, "msJurisdictionCountry=x"},
        /* organizationIdentifier: no name is known */
        {"\x55\4\x61", 3, "OID(2.5.4.97)=x"},
        {"\x55\4\x12", 3, "OID(2.5.4.18)=x"},
        {"\x55\x1d\x61", 3, "OID(2.5.29.97)=x"},
        {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x7f", 9, "OID(1.2.840.113549.1.9.127)=x"},
        /* an arc of 63 bits, one of 70 */
        {"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, "OID(1.2.9223372036854775807)=x"},
        {"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11,
         "OID(2a ff ff ff ff ff ff ff ff ff 7f)=x"},
        {"\x2a\1\2\3\4\5\6\7\x08\x09\x0a\x0b", 12, "OID(1.2.1.2.3.4.5.6.7.8.9.10.11)=x"},
        {"\x2a\x83", 2, "OID(1.2.3)=x"}, /* it ends within an arc */
        {"", 0, "OID()=x"},
    };
    static struct made m;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        m.len = 0;
        size_t set = open_der(&m, DER_SET);
        put_attribute(&m, cases[i].oid, cases[i].len, 19, "x", 1);
        close_der(&m, set);
        name_is(made_view(&m), cases[i].text, strlen(cases[i].text));
    }
}

#define INVALID "<X509Error: Invalid X.509 name>"

static void values_are_texts_or_hex(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        const char *value;
        size_t len;
        const char *text;
    } cases[] = {
        {12, TEXT("Z\xc3\xbcrich"), "CN=Z\xc3\xbcrich"}, /* UTF8String */
        {12, TEXT("a, b + c=d\\\"\n"), "CN=a, b + c=d\\\"\n"},
        {12, TEXT(""), "CN="},
        {12, TEXT("\xf0\x9f\x9a\xa2"), "CN=\xf0\x9f\x9a\xa2"},
        {12, TEXT("Z\xfcrich"), INVALID},
        {12, TEXT("\xc3("), INVALID},
        {12, TEXT("\xc3"), INVALID},             /* its end is missing */
        {12, TEXT("\xc0\x80"), INVALID},         /* longer than need be */
        {12, TEXT("\xe0\x9f\xbf"), INVALID},     /* the same */
        {12, TEXT("\xed\xa0\x80"), INVALID},     /* half of a pair */
        {12, TEXT("\xf4\x90\x80\x80"), INVALID}, /* behind the last character */
        {12, TEXT("\xf8\x88\x80\x80\x80"), INVALID},
        {12, TEXT("\x80"), INVALID},
        {19, TEXT("*.a.example"), "CN=*.a.example"}, /* PrintableString, not that strictly */
        {18, TEXT("123"), "CN=123"},
        {22, TEXT("a@b"), "CN=a@b"},
        {26, TEXT("v"), "CN=v"},
        {27, TEXT("g"), "CN=g"},
        {25, TEXT("g"), "CN=g"},
        {21, TEXT("v"), "CN=v"},
        {7, TEXT("o"), "CN=o"},
        {20, TEXT("T61"), "CN=T61"},
        {20, TEXT("Z\xfcrich"), INVALID},                            /* Latin-1 in T61String */
        {30, TEXT("\0Z\0\xfc\x20\xac"), "CN=Z\xc3\xbc\xe2\x82\xac"}, /* BMPString */
        {30, TEXT("\xd8\x3d\xde\xa2"), "CN=\xf0\x9f\x9a\xa2"},       /* a pair */
        {30, TEXT("\xd8\x3d"), INVALID},
        {30, TEXT("\xd8\x3d\0a"), INVALID},
        {30, TEXT("\xd8\x3d\xe0\0"), INVALID},
        {30, TEXT("\xde\xa2\xde\xa2"), INVALID},
        {30, TEXT("\xde\xa2"), INVALID},
        {30, TEXT("\0ab"), "CN=ab"},          /* half a character */
        {28, TEXT("\0\0\0a"), "CN=00000061"}, /* UniversalString */
        {2, TEXT("\1\xab"), "CN=01AB"},
        {4, TEXT("ab"), "CN=6162"},
        {0x30, TEXT("\2\1\1"), "CN=020101"},
        {0x80 | 12, TEXT("a"), "CN=a"}, /* the class is not looked at */
        {0, TEXT(""), "CN="},
    };
    static struct made m;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        m.len = 0;
        size_t set = open_der(&m, DER_SET);
        put_attribute(&m, CN, cases[i].tag, cases[i].value, cases[i].len);
        close_der(&m, set);
        name_is(made_view(&m), cases[i].text, strlen(cases[i].text));
    }
}

static void names_are_joined_as_they_stand(void **state)
{
    (void)state;
    static struct made m;
    m.len = 0;
    name_is(made_view(&m), "", 0);
    size_t set = open_der(&m, DER_SET);
    put_attribute(&m, "\x55\4\6", 3, 19, "US", 2);
    close_der(&m, set);
    set = open_der(&m, DER_SET);
    put_attribute(&m, CN, 12, "a", 1);
    put_attribute(&m, "\x55\4\x0b", 3, 12, "b", 1);
    close_der(&m, set);
    name_is(made_view(&m), "C=US, CN=a + OU=b", 17);
    /* Something that is no attribute ends its set; one without any ends the name. */
    size_t before = m.len;
    set = open_der(&m, DER_SET);
    put_attribute(&m, EMAIL, 22, "c", 1);
    put_der(&m, 4, "x", 1);
    put_attribute(&m, CN, 12, "lost", 4);
    close_der(&m, set);
    name_is(made_view(&m), "C=US, CN=a + OU=b, Email=c", 26);
    m.len = before;
    put_der(&m, DER_SET, "", 0);
    set = open_der(&m, DER_SET);
    put_attribute(&m, CN, 12, "lost", 4);
    close_der(&m, set);
    name_is(made_view(&m), "C=US, CN=a + OU=b", 17);
    m.len = before;
    put_der(&m, DER_SEQUENCE, "", 0);
    name_is(made_view(&m), "C=US, CN=a + OU=b", 17);
    m.data[before - 1] = 0xff; /* the last value is no text: none of it is */
    m.len = before;
    name_is(made_view(&m), INVALID, strlen(INVALID));
}

static void a_zero_byte_is_kept(void **state)
{
    (void)state;
    static struct made m;
    m.len = 0;
    size_t set = open_der(&m, DER_SET);
    put_attribute(&m, CN, 12, "a\0b", 3);
    close_der(&m, set);
    name_is(made_view(&m), "CN=a\0b", 6);
}

static void a_text_without_room_is_cut(void **state)
{
    (void)state;
    static struct made m;
    uint8_t memory[8];
    m.len = 0;
    size_t set = open_der(&m, DER_SET);
    put_attribute(&m, CN, 12, "abcdefgh", 8);
    close_der(&m, set);
    for (size_t room = 0; room <= sizeof memory; room++) {
        uint8_t *exact = malloc(room ? room : 1);
        struct proto_scratch scratch = {.data = exact, .room = room};
        struct scratch_text t = scratch_begin(&scratch);
        x509_name(&t, made_view(&m));
        assert_true(t.cut && t.len == room);
        assert_memory_equal(t.data, "CN=abcdefgh", room);
        free(exact);
    }
}

static void lengths_of_der_are_bounded(void **state)
{
    (void)state;
    struct x509 x;
    static const struct {
        const char *data;
        size_t len;
    } cases[] = {
        {TEXT("\x30\x80\0\0")},                             /* no length */
        {TEXT("\x30\x89\0\0\0\0\0\0\0\0\1a")},              /* of nine bytes */
        {TEXT("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff")}, /* more than there is */
        {TEXT("\x3f\xff\xff\xff\xff\xff\xff\x7f\1a")},      /* a tag without end */
        {TEXT("\x30")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(x509_read((struct bytes){(const uint8_t *)cases[i].data, cases[i].len}, &x));
    /* Values with lengths that are not taken: indefinite, of nine bytes; of eight it is. */
    static const struct {
        const char *value;
        size_t len;
        const char *text;
    } values[] = {{TEXT("\x0c\x80"), ""},
                  {TEXT("\x0c\x89\0\0\0\0\0\0\0\0\1x"), ""},
                  {TEXT("\x0c\x88\0\0\0\0\0\0\0\1x"), "CN=x"},
                  {TEXT("\x1f\x2c\1a"), "CN=61"}}; /* and of a tag of two bytes, 44 */
    static struct made m;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        m.len = 0;
        size_t set = open_der(&m, DER_SET), sequence = open_der(&m, DER_SEQUENCE);
        put_der(&m, 6, CN);
        put(&m, values[i].value, values[i].len);
        close_der(&m, sequence);
        close_der(&m, set);
        name_is(made_view(&m), values[i].text, strlen(values[i].text));
    }
    /* A tag of 39 bits is no sequence, whatever its last 32 are. */
    m.len = 0;
    put(&m, "\x3f\x90\x80\x80\x80\x80\x10", 7);
    size_t head = m.len;
    put_certificate(&m, "a", "b");
    assert_true(x509_read((struct bytes){m.data + head, m.len - head}, &x));
    memmove(m.data + head, m.data + head + 1, m.len - head - 1);
    assert_false(x509_read((struct bytes){m.data, m.len - 1}, &x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_of_openssl_is_read),
        cmocka_unit_test(part_of_a_certificate_is_none),
        cmocka_unit_test(every_element_is_asked_for),
        cmocka_unit_test(version_may_be_missing),
        cmocka_unit_test(attributes_have_names),
        cmocka_unit_test(values_are_texts_or_hex),
        cmocka_unit_test(names_are_joined_as_they_stand),
        cmocka_unit_test(a_zero_byte_is_kept),
        cmocka_unit_test(a_text_without_room_is_cut),
        cmocka_unit_test(lengths_of_der_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
