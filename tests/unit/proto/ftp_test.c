/* Control connections by hand: who was let in. */
#include "proto/ftp.h"
#include "tests/unit/proto/dialog_bench.h"

#define GREETING S("220 (vsFTPd 3.0.3)\r\n")

static void password_is_judged(void **unused)
{
    (void)unused;
    struct said good[] = {GREETING,
                          C("USER bob\r\n"),
                          S("331 Please specify the password.\r\n"),
                          C("PASS secret\r\n"),
                          S("230 Login successful.\r\n"),
                          C("QUIT\r\n"),
                          S("221 Goodbye.\r\n")};
    must_tell(&ftp_parser, good, "acknowledged 230 bob 3-4\n");
    struct said bad[] = {GREETING,
                         C("user  bob \r\n"),
                         S("331 x\r\n"),
                         C("pass a\r\n"),
                         S("530 Login incorrect.\r\n"),
                         C("USER bob\n"),
                         S("331 x\n"),
                         C("PASS b\n"),
                         S("430 x\n")};
    must_tell(&ftp_parser, bad, "refused 530 bob 3-4\nrefused 430 bob 7-8\n");
}

static void user_alone_is_judged(void **unused)
{
    (void)unused;
    struct said anonymous[] = {GREETING, C("USER ftp\r\n"), S("230 Welcome\r\n")};
    must_tell(&ftp_parser, anonymous, "acknowledged 230 ftp 1-2\n");
    struct said refused[] = {GREETING, C("USER root\r\n"), S("530 Not you\r\n")};
    must_tell(&ftp_parser, refused, "refused 530 root 1-2\n");
    /* asked for a password, and none came */
    struct said left[] = {GREETING, C("USER root\r\n"), S("331 x\r\n")};
    must_tell(&ftp_parser, left, "seen 0  0-3\n");
}

static void account_is_judged(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING,       C("USER u\r\n"), S("331 x\r\n"), C("PASS p\r\n"),
                          S("332 x\r\n"), C("ACCT a\r\n"), S("230 x\r\n")};
    must_tell(&ftp_parser, said, "acknowledged 230 u 5-6\n");
}

static void commands_that_do_not_wait(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING, C("USER u\r\nPASS p\r\nSYST\r\n"),
                          S("331 x\r\n230 y\r\n215 UNIX\r\n")};
    must_tell(&ftp_parser, said, "acknowledged 230 u 1-2\n");
    struct said guesses[] = {GREETING, C("USER a\r\nPASS p\r\nUSER b\r\nPASS p\r\nNOOP\r\n"),
                             S("331 x\r\n530 y\r\n331 x\r\n230 y\r\n200 z\r\n")};
    must_tell(&ftp_parser, guesses, "refused 530 a 1-2\nacknowledged 230 b 1-2\n");
}

static void answers_of_several_lines(void **unused)
{
    (void)unused;
    /* RFC 959, 4.2: lines between may begin with digits */
    struct said said[] = {S("220-hello\r\n 220 indented\r\n530 users\r\n220 here\r\n"),
                          C("USER u\r\n"), S("331 x\r\n"), C("PASS p\r\n"),
                          S("230-Welcome\r\n530 is no code\r\n\r\n-\r\n230 in\r\n")};
    must_tell(&ftp_parser, said, "acknowledged 230 u 3-4\n");
    /* the last line is the code alone */
    struct said alone[] = {S("220-x\n220\n"), C("USER u\n"), S("530-x\n530\n")};
    must_tell(&ftp_parser, alone, "refused 530 u 1-2\n");
    struct said longer[] = {GREETING, C("USER u\r\n"), S("5300 x\r\n230\tx\r\n")};
    must_tell(&ftp_parser, longer, "acknowledged 230 u 1-2\n");
}

static void announced_answers_do_not_count(void **unused)
{
    (void)unused;
    struct said said[] = {S("120 soon\r\n220 now\r\n"), C("USER u\r\n"), S("331 x\r\n"),
                          C("LIST\r\nPASS p\r\n"),
                          S("150 here it comes\r\n226 done\r\n530 no\r\n")};
    must_tell(&ftp_parser, said, "refused 530 u 3-4\n");
}

static void not_understood_is_not_refused(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING, C("PASS p\r\n"), S("503 Login with USER first.\r\n"),
                          C("PASS p\r\n"), S("421 Bye\r\n")};
    must_tell(&ftp_parser, said, "seen 503  1-2\nseen 421  3-4\n");
}

static void what_stays_open(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING, C("USER u\r\nPASS p\r\n")};
    must_tell_open(&ftp_parser, said, 2, OUTCOME_UNANSWERED, "unanswered 0 u 1-2\n");
    must_tell_open(&ftp_parser, said, 2, OUTCOME_SEEN, "seen 0 u 1-2\n");
    struct said none[] = {GREETING};
    must_tell(&ftp_parser, none, "seen 0  0-1\n");
    must_tell_open(&ftp_parser, none, 0, OUTCOME_UNANSWERED, "");
    struct said closed[] = {S("421 Too many\r\n")};
    must_tell(&ftp_parser, closed, "refused 421  0-0\n");
}

static void more_than_are_kept(void **unused)
{
    (void)unused;
    /* nine at once: nothing is claimed of the first, which a USER without a password is */
    struct said said[] = {GREETING,
                          C("USER a\r\nUSER b\r\nUSER c\r\nUSER d\r\nUSER e\r\nUSER f\r\nUSER g\r\n"
                            "USER h\r\nUSER i\r\n"),
                          S("530 a\r\n530 b\r\n")};
    must_tell_open(&ftp_parser, said, 3, OUTCOME_UNANSWERED,
                   "overflow >\nseen 0 a 1-1\nrefused 530 b 1-2\nunanswered 0 c 1-3\n"
                   "unanswered 0 d 1-3\nunanswered 0 e 1-3\nunanswered 0 f 1-3\n"
                   "unanswered 0 g 1-3\nunanswered 0 h 1-3\nunanswered 0 i 1-3\n");
}

static void behind_tls_nothing_is_read(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING, C("AUTH TLS\r\n"), S("234 Go\r\n530 x\r\n"), C("USER u\r\n"),
                          S("530 x\r\n")};
    must_tell(&ftp_parser, said, "seen 0  0-2\n");
    struct said refused[] = {GREETING, C("AUTH TLS\r\n"), S("530 no\r\n"), C("USER u\r\n"),
                             S("530 x\r\n")};
    must_tell(&ftp_parser, refused, "refused 530 u 3-4\n");
}

static void pop3_is_none(void **unused)
{
    (void)unused;
    struct said said[] = {C("USER bob\r\n"), S("+OK\r\n"), C("PASS x\r\n"), S("530 x\r\n")};
    must_tell(&ftp_parser, said, "seen 0 bob 0-1\n");
    struct said refused[] = {C("USER bob\r\n"), S("-ERR no\r\n"), C("PASS x\r\n"), S("530 x\r\n")};
    must_tell(&ftp_parser, refused, "seen 0 bob 0-1\n");
}

static void losses(void **unused)
{
    (void)unused;
    /* what is left of a line is no answer, whatever it looks like */
    struct said line[] = {GREETING, LOST(PROTO_TO_CLIENT, 0), C("USER u\r\n"),
                          S("530 x\r\n230 x\r\n")};
    must_tell(&ftp_parser, line, "lost-sync <\nacknowledged 230 u 2-3\n");
    /* nor does an answer of several lines go on behind a loss */
    struct said lines[] = {S("220-x\r\n"), LOST(PROTO_TO_CLIENT, 0), S("x\r\n"), C("USER u\r\n"),
                           S("530 x\r\n")};
    must_tell(&ftp_parser, lines, "lost-sync <\nrefused 530 u 3-4\n");
    /* the answer is lost: nothing is claimed; what comes behind is judged again */
    struct said answer[] = {
        GREETING,        C("USER u\r\n"), S("331 x\r\n"), C("PASS p\r\n"), LOST(PROTO_TO_CLIENT, 9),
        S("3 rest\r\n"), C("USER v\r\n"), S("530 x\r\n")};
    must_tell(&ftp_parser, answer, "lost-sync <\nseen 0 u 3-4\nrefused 530 v 6-7\n");
    /* the rest of a line is no command, and its answer is to none */
    struct said command[] = {GREETING,       LOST(PROTO_TO_SERVER, 0), C("USER u\r\nSYST\r\n"),
                             S("331 x\r\n"), C("USER v\r\n"),          S("230 x\r\n")};
    must_tell(&ftp_parser, command, "lost-sync >\nacknowledged 230 v 4-5\n");
}

static void long_lines_are_cut(void **unused)
{
    (void)unused;
    static char line[5000];
    int n = sprintf(line, "USER ");
    memset(line + n, 'u', 4000);
    strcpy(line + n + 4000, "\r\n");
    struct said said[] = {GREETING, C(line), S("530 x\r\n")};
    must_tell(&ftp_parser, said, "refused 530 uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu 1-2\n");
}

static void recognition(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        int said, server; /* server: 1, 0, or -1: not told */
    } cases[] = {
        {"220 (vsFTPd 3.0.3)\r\n", 1, 1},
        {"220 ProFTPD Server\r\n", 1, 1},
        {"220-welcome to my ftp site\r\n", 1, 1},
        {"220 hello\r\n", 0, -1},
        {"230 FTP\r\n", 0, -1},
        {"220", 0, -1},
        {"USER bob\r\n", 1, 0},
        {"user bob\r\n", 1, 0},
        {"USER bob 0 * :Bob\r\n", -1, -1}, /* IRC */
        {"PASS x\r\nNICK bob\r\n", -1, -1},
        {"PASS x\r\n", 1, 0},
        {"FEAT\r\n", 1, 0},
        {"AUTH TLS\r\n", 1, 0},
        {"SYST\r\n", 0, -1},
        {"PWD\r\n", 0, -1},
        {"US", 0, -1},
        {"HELLO\r\n", -1, -1},
        {"\x16\x03\x01", -1, -1},
        {"+OK ready\r\n", -1, -1},
        {"2200 x\r\n", -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int believed = 0; believed < 2; believed++) {
            bool server = believed;
            int said = verdict(&ftp_parser, cases[i].text, &server);
            bool right = cases[i].server < 0 ? believed : cases[i].server;
            if (said != cases[i].said || server != right)
                fail_msg("%s: %d, server %d", cases[i].text, said, server);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(password_is_judged),
        cmocka_unit_test(user_alone_is_judged),
        cmocka_unit_test(account_is_judged),
        cmocka_unit_test(commands_that_do_not_wait),
        cmocka_unit_test(answers_of_several_lines),
        cmocka_unit_test(announced_answers_do_not_count),
        cmocka_unit_test(not_understood_is_not_refused),
        cmocka_unit_test(what_stays_open),
        cmocka_unit_test(more_than_are_kept),
        cmocka_unit_test(behind_tls_nothing_is_read),
        cmocka_unit_test(pop3_is_none),
        cmocka_unit_test(losses),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(recognition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
