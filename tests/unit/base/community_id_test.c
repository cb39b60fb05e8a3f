/* The first five and that of ICMPv6 are of the specification's own baseline; the others are what
 * tshark's dissector says of packets made with these ends. */
#include "tests/unit/check.h"

#include "base/community_id.h"

static const struct {
    const char *source, *target;
    uint16_t source_port, target_port;
    uint8_t protocol;
    const char *want;
} rows[] = {
    {"128.232.110.120", "66.35.250.204", 34855, 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {"66.35.250.204", "128.232.110.120", 80, 34855, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {"192.168.1.52", "8.8.8.8", 54585, 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {"192.168.0.89", "192.168.0.1", 8, 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {"192.168.0.1", "192.168.0.89", 0, 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {"fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0, 58,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    /* one address, told apart by its ports */
    {"10.0.0.1", "10.0.0.1", 9, 7, 17, "1:xASWHUhMb118sbXbjDPqZo32CD8="},
    /* unreachable: nothing answers it, and each direction is by itself */
    {"192.168.0.89", "192.168.0.1", 3, 1, 1, "1:LXCfhMUFbYXe+CEMrQuZCbiLY3o="},
    {"192.168.0.1", "192.168.0.89", 3, 1, 1, "1:o3zT92uTgnRWv/YrDVeXcWumpC4="},
    {"2001:db8::2", "2001:db8::1", 1, 2, 6, "1:8M105ydQc24FlS4hIBjX8nzW0Go="},
    /* without ports: those given do not count */
    {"10.0.0.2", "10.0.0.1", 7, 9, 50, "1:dX+1pd7Z9Y9hJE/IuQlfvK7bxuA="},
    {"10.0.0.2", "10.0.0.1", 5, 6, 132, "1:jPpGiLKCA81iywvooRE5nR3LIRM="},
};

static void ids_are_those_of_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address source, target;
        char id[COMMUNITY_ID_ROOM];
        assert_int_equal(address_parse(rows[i].source, &source), 0);
        assert_int_equal(address_parse(rows[i].target, &target), 0);
        assert_string_equal(community_id(id, &source, &target, rows[i].source_port,
                                         rows[i].target_port, rows[i].protocol),
                            rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
