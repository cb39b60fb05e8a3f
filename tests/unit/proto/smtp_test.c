/* SMTP by hand: who was let in, and where mails begin and end. */
#include "proto/smtp.h"
#include "tests/unit/proto/dialog_bench.h"

#define GREETING S("220 mx.example ESMTP\r\n")
#define HELLO    C("EHLO me\r\n"), S("250-mx.example\r\n250-PIPELINING\r\n250 AUTH LOGIN PLAIN\r\n")

static void initial_answer_is_judged(void **unused)
{
    (void)unused;
    /* RFC 4616, 4: tim, who acts for himself, with "tanstaaftanstaaf" */
    struct said good[] = {GREETING, HELLO, C("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"),
                          S("235 2.7.0 Accepted\r\n")};
    must_tell(&smtp_parser, good, "acknowledged 235 tim 3-4\n");
    struct said bad[] = {GREETING,
                         HELLO,
                         C("auth login cm9vdA==\r\n"),
                         S("334 UGFzc3dvcmQ6\r\n"),
                         C("c2VjcmV0\r\n"),
                         S("535-5.7.8 no\r\n535 5.7.8 no\r\n")};
    must_tell(&smtp_parser, bad, "refused 535 root 3-6\n");
}

static void challenges_are_answered(void **unused)
{
    (void)unused;
    struct said login[] = {GREETING,
                           HELLO,
                           C("AUTH LOGIN\r\n"),
                           S("334 VXNlcm5hbWU6\r\n"),
                           C("cm9vdA==\r\n"),
                           S("334 UGFzc3dvcmQ6\r\n"),
                           C("c2VjcmV0\r\n"),
                           S("535 no\r\n"),
                           C("AUTH LOGIN\r\n"),
                           S("334 VXNlcm5hbWU6\r\n"),
                           C("dGlt\r\n"),
                           S("334 UGFzc3dvcmQ6\r\n"),
                           C("c2VjcmV0\r\n"),
                           S("235 yes\r\n"),
                           C("QUIT\r\n"),
                           S("221 bye\r\n")};
    must_tell(&smtp_parser, login, "refused 535 root 3-8\nacknowledged 235 tim 9-14\n");
    struct said plain[] = {GREETING,
                           HELLO,
                           C("AUTH PLAIN\r\n"),
                           S("334 \r\n"),
                           C("AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"),
                           S("235 ok\r\n")};
    must_tell(&smtp_parser, plain, "acknowledged 235 tim 3-6\n");
    /* user=u, and a token that nobody keeps */
    struct said token[] = {GREETING, HELLO, C("AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIHgBAQ==\r\n"),
                           S("235 ok\r\n")};
    must_tell(&smtp_parser, token, "acknowledged 235 u 3-4\n");
    struct said other[] = {GREETING,
                           HELLO,
                           C("AUTH CRAM-MD5\r\n"),
                           S("334 PDE4OTYu\r\n"),
                           C("dGltIGI5MTNhNjAy\r\n"),
                           S("235 ok\r\n")};
    must_tell(&smtp_parser, other, "acknowledged 235  3-6\n");
}

static void commands_behind_a_verdict(void **unused)
{
    (void)unused;
    /* NOOP would be base64 too */
    struct said said[] = {GREETING,
                          HELLO,
                          C("AUTH LOGIN cm9vdA==\r\n"),
                          S("535 x\r\n"),
                          C("NOOP\r\nAUTH LOGIN dGlt\r\n"),
                          S("250 x\r\n535 x\r\n")};
    must_tell(&smtp_parser, said, "refused 535 root 3-4\nrefused 535 tim 5-6\n");
}

static void given_up_is_not_refused(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING,
                          HELLO,
                          C("AUTH LOGIN\r\n"),
                          S("334 VXNlcm5hbWU6\r\n"),
                          C("*\r\n"),
                          S("501 ok\r\n"),
                          C("AUTH X\r\n"),
                          S("504 what\r\n"),
                          C("AUTH Y\r\n"),
                          S("454 later\r\n")};
    must_tell(&smtp_parser, said, "seen 501  3-6\nseen 504  7-8\nseen 454  9-10\n");
}

static void answers_nobody_saw(void **unused)
{
    (void)unused;
    /* only the client's side: a line that is no base64 ends the challenges */
    struct said said[] = {C("EHLO me\r\n"),  C("AUTH LOGIN\r\n"),      C("cm9vdA==\r\n"),
                          C("c2VjcmV0\r\n"), C("MAIL FROM:<a@b>\r\n"), C("QUIT\r\n")};
    must_tell_open(&smtp_parser, said, 6, OUTCOME_SEEN, "seen 0 root 1-6\n");
}

static void greeting_says_no(void **unused)
{
    (void)unused;
    struct said refused[] = {S("554-go\r\n554 away\r\n"), C("QUIT\r\n"), S("221 bye\r\n")};
    must_tell(&smtp_parser, refused, "refused 554  0-0\n");
    struct said busy[] = {S("421 busy\r\n")};
    must_tell(&smtp_parser, busy, "refused 421  0-0\n");
    struct said mail[] = {GREETING, HELLO, C("MAIL FROM:<a@b>\r\n"), S("550 no\r\n")};
    must_tell(&smtp_parser, mail, "seen 0  0-5\n");
}

static void greeting_may_come_late(void **unused)
{
    (void)unused;
    struct said said[] = {C("EHLO me\r\nAUTH LOGIN cm9vdA==\r\n"), GREETING, S("250 x\r\n"),
                          S("535 no\r\n")};
    must_tell(&smtp_parser, said, "refused 535 root 0-3\n");
}

static void behind_tls_nothing_is_read(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING,
                          HELLO,
                          C("STARTTLS\r\n"),
                          S("220 go\r\n535 x\r\n"),
                          C("AUTH LOGIN cm9vdA==\r\n"),
                          S("535 no\r\n")};
    must_tell(&smtp_parser, said, "seen 0  0-4\n");
    struct said refused[] = {
        GREETING,       HELLO, C("STARTTLS\r\n"), S("454 no\r\n"), C("AUTH LOGIN cm9vdA==\r\n"),
        S("535 no\r\n")};
    must_tell(&smtp_parser, refused, "refused 535 root 5-6\n");
}

static void lines_of_mails_are_no_commands(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING,
                          HELLO,
                          C("MAIL FROM:<a@b>\r\n"),
                          S("250 ok\r\n"),
                          C("RCPT TO:<c@d>\r\n"),
                          S("250 ok\r\n"),
                          C("DATA\r\n"),
                          S("354 go\r\n"),
                          C("AUTH LOGIN cm9vdA==\r\n..\r\n.x\r\n.\r"),
                          C("x\r\n.\r\nAUTH LOGIN dGlt\r\n"),
                          S("250 taken\r\n535 no\r\n")};
    must_tell(&smtp_parser, said, "refused 535 tim 10-11\n");
}

static void mail_that_is_not_wanted(void **unused)
{
    (void)unused;
    struct said before[] = {
        GREETING, HELLO, C("DATA\r\n"), S("503 no\r\n"), C("AUTH LOGIN dGlt\r\n"), S("535 no\r\n")};
    must_tell(&smtp_parser, before, "refused 535 tim 5-6\n");
    struct said during[] = {GREETING,
                            HELLO,
                            C("DATA\r\nAUTH LOGIN cm9vdA==\r\n"),
                            S("554 no\r\n"),
                            C("AUTH LOGIN dGlt\r\n"),
                            S("535 no\r\n")};
    must_tell(&smtp_parser, during, "refused 535 tim 5-6\n");
}

static void chunks_are_counted(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING, HELLO,
                          C("BDAT 21\r\nAUTH LOGIN cm9vdA==\r\nBDAT 4 LAST\r\nA\r\n."
                            "AUTH LOGIN dGlt\r\nBDAT 0 LAST\r\nAUTH LOGIN dGlt\r\n"),
                          S("250 x\r\n250 x\r\n535 no\r\n250 x\r\n235 yes\r\n")};
    must_tell(&smtp_parser, said, "refused 535 tim 3-4\nacknowledged 235 tim 3-4\n");
    struct said no_number[] = {GREETING, HELLO, C("BDAT x\r\nAUTH LOGIN dGlt\r\n"),
                               S("501 x\r\n535 no\r\n")};
    must_tell(&smtp_parser, no_number, "refused 535 tim 3-4\n");
}

static void losses(void **unused)
{
    (void)unused;
    struct said in_chunk[] = {GREETING,
                              HELLO,
                              C("BDAT 30 LAST\r\n0123"),
                              LOST(PROTO_TO_SERVER, 26),
                              C("AUTH LOGIN dGlt\r\n"),
                              S("250 x\r\n535 no\r\n")};
    must_tell(&smtp_parser, in_chunk, "lost-sync >\nrefused 535 tim 5-6\n");
    struct said too_long[] = {GREETING,
                              HELLO,
                              C("BDAT 30 LAST\r\n0123"),
                              LOST(PROTO_TO_SERVER, 27),
                              C("AUTH LOGIN dGlt\r\nAUTH LOGIN cm9vdA==\r\n"),
                              S("535 no\r\n")};
    must_tell(&smtp_parser, too_long, "lost-sync >\nrefused 535 root 5-6\n");
    struct said in_mail[] = {GREETING,
                             HELLO,
                             C("DATA\r\n"),
                             S("354 x\r\n"),
                             C("a\r\n"),
                             LOST(PROTO_TO_SERVER, 5),
                             C(".\r\nAUTH LOGIN cm9vdA==\r\n.\r\nAUTH LOGIN dGlt\r\n"),
                             S("250 x\r\n535 no\r\n")};
    must_tell(&smtp_parser, in_mail, "lost-sync >\nrefused 535 tim 7-8\n");
    struct said answer[] = {GREETING,
                            HELLO,
                            C("AUTH LOGIN dGlt\r\n"),
                            LOST(PROTO_TO_CLIENT, 0),
                            S("5 rest\r\n"),
                            C("AUTH LOGIN cm9vdA==\r\n"),
                            S("235 yes\r\n")};
    must_tell(&smtp_parser, answer, "lost-sync <\nseen 0 tim 3-4\nacknowledged 235 root 6-7\n");
}

/* ---- files ---- */

#define PART_OF(name, text) \
    "--xy\r\nContent-Disposition: attachment; filename=" name "\r\n\r\n" text "\r\n"
#define MAIL(parts) "Content-Type: multipart/mixed; boundary=xy\r\n\r\n" parts "--xy--\r\n.\r\n"

static void files_are_told(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING,
                          HELLO,
                          C("DATA\r\n"),
                          S("354 x\r\n"),
                          C(MAIL(PART_OF("a", "1\r\n..\r\n.x") PART_OF("b", ""))),
                          S("250 x\r\n"),
                          C("DATA\r\n"),
                          S("354 x\r\n"),
                          C(MAIL(PART_OF("\"=?x?q?c=2Ed?=\"", "2"))),
                          S("250 x\r\n")};
    must_tell(&smtp_parser, said,
              "1 > file.name=a\n1 > file.data=1\\x0d\\x0a.\\x0d\\x0ax\n1 > file.name=b\n"
              "2 > file.name==?x?q?c=2Ed?=\n2 > file.name=c.d\n2 > file.data=2\nseen 0  0-11\n");
}

static void files_of_one_side_alone(void **unused)
{
    (void)unused;
    struct said said[] = {C("EHLO me\r\nAUTH LOGIN\r\ncm9vdA==\r\neA==\r\nMAIL FROM:<a@b>\r\n"),
                          C("DATA\r\n" MAIL(PART_OF("a", "1"))), C("DATA\r\n"),
                          C(MAIL(PART_OF("b", "2")) "QUIT\r\n")};
    must_tell_open(&smtp_parser, said, 4, OUTCOME_SEEN,
                   "1 > file.name=a\n1 > file.data=1\n2 > file.name=b\n2 > file.data=2\n"
                   "seen 0 root 0-4\n");
}

static void files_in_chunks(void **unused)
{
    (void)unused;
    struct said said[] = {
        GREETING,
        HELLO,
        C("BDAT 52\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\n"),
        S("250 x\r\n"),
        C("bdat 53 last\r\nContent-Disposition: x; filename=f\r\n\r\n.\r\n..\r\n--xy--\r\n"
          "BDAT 33 LAST\r\nContent-Type: x; name=g\r\n\r\n1\r\n2\r\n"),
        S("250 x\r\n")};
    must_tell(&smtp_parser, said,
              "1 > file.name=f\n1 > file.data=.\\x0d\\x0a..\n2 > file.name=g\n"
              "2 > file.data=1\\x0d\\x0a2\nseen 0  0-7\n");
}

static void mails_that_are_given_up(void **unused)
{
    (void)unused;
    struct said said[] = {C("EHLO me\r\nBDAT 27\r\nContent-Type: x; name=f\r\n\r\nRSET\r\n"
                            "BDAT 35 LAST\r\nContent-Type: x; name=g\r\n\r\n12345678"
                            "BDAT 28\r\nContent-Type: x; name=h\r\n\r\n1DATA\r\n"
                            "Content-Type: x; name=i\r\n\r\n2\r\n.\r\n")};
    must_tell_open(&smtp_parser, said, 1, OUTCOME_SEEN,
                   "1 > file.name=f\n2 > file.name=g\n2 > file.data=12345678\n3 > file.name=h\n"
                   "3 > file.data=1\n4 > file.name=i\n4 > file.data=2\nseen 0  0-1\n");
}

static void files_that_break_off(void **unused)
{
    (void)unused;
#define BEGINS C("DATA\r\nContent-Type: x; name=f\r\n\r\none\r\ntwo")
    struct said end[] = {GREETING, BEGINS};
    must_tell(&smtp_parser, end, "1 > file.name=f\n1 > file.data=one\\x0d\\x0atwo\nseen 0  0-2\n");
    struct said hole[] = {GREETING, BEGINS, LOST(PROTO_TO_SERVER, 3), C("three\r\n.\r\n"),
                          C("DATA\r\nContent-Type: x; name=g\r\n\r\n1\r\n.\r\n")};
    must_tell(&smtp_parser, hole,
              "1 > file.name=f\nlost-sync >\n1 > file.data=one\\x0d\\x0atwo\n"
              "2 > file.name=g\n2 > file.data=1\nseen 0  0-5\n");
    struct said refused[] = {GREETING, BEGINS, S("554 no\r\n"), C("three\r\n.\r\n")};
    must_tell(&smtp_parser, refused,
              "1 > file.name=f\n1 > file.data=one\\x0d\\x0atwo\nseen 0  0-4\n");
    struct said hidden[] = {GREETING, BEGINS, LOST(PROTO_TO_CLIENT, 9), C("\r\n.\r\n")};
    must_tell(&smtp_parser, hidden,
              "1 > file.name=f\nlost-sync <\n1 > file.data=one\\x0d\\x0atwo\nseen 0  0-4\n");
    /* the capture has the answer before the end of what is answered */
    struct said early[] = {GREETING, BEGINS, S("354 x\r\n250 taken\r\n"),
                           C("\r\n.\r\nAUTH LOGIN dGlt\r\n"), S("535 x\r\n")};
    must_tell(&smtp_parser, early,
              "1 > file.name=f\n1 > file.data=one\\x0d\\x0atwo\nrefused 535 tim 3-4\n");
    struct said taken[] = {GREETING,
                           BEGINS,
                           LOST(PROTO_TO_SERVER, 9),
                           S("354 x\r\n250 taken\r\n"),
                           C("AUTH LOGIN dGlt\r\n"),
                           S("535 x\r\n")};
    must_tell(
        &smtp_parser, taken,
        "1 > file.name=f\nlost-sync >\n1 > file.data=one\\x0d\\x0atwo\nrefused 535 tim 4-5\n");
#undef BEGINS
}

static void without_rooms_the_rest_is_the_same(void **unused)
{
    (void)unused;
    struct said said[] = {GREETING,
                          HELLO,
                          C("DATA\r\n"),
                          S("354 x\r\n"),
                          C(MAIL(PART_OF("a", "1"))),
                          S("250 x\r\n"),
                          C("AUTH LOGIN dGlt\r\n"),
                          S("535 x\r\n")};
    size_t n = sizeof said / sizeof said[0];
    struct way refused = {.cut = 7}, nobody = {.cut = 7, .nobody = true};
    must_tell_way(&smtp_parser, said, n, &refused, "overflow >\nrefused 535 tim 7-8\n");
    must_tell_way(&smtp_parser, said, n, &nobody, "refused 535 tim 7-8\n");
}

/* who begins to look within a mail has missed its beginning; who stops has no more of it. */
static void lookers_come_and_go(void **unused)
{
    (void)unused;
    static const char begin[] = "DATA\r\nContent-Type: x; name=f\r\n\r\none\r\n",
                      rest[] = "Content-Type: x; name=g\r\n\r\ntwo\r\n.\r\n";
    for (int stops = 0; stops < 2; stops++) {
        struct message_bench *m = message_bench_new(&smtp_parser);
        struct proto_sink *sink = &m->bench->sink, with = *sink;
        for (int i = 0; i < 3; i++) {
            bool looks = stops ? i != 1 : i > 0;
            sink->message = looks ? with.message : NULL;
            sink->body = looks ? with.body : NULL;
            const char *text = i ? rest : begin;
            feed_bytes(m->bench, PROTO_TO_SERVER, START, (const uint8_t *)text,
                       (uint32_t)strlen(text) - (i < 2 ? 3 : 0));
        }
        assert_string_equal(message_bench_lines(m), stops ? "1 > file.name=f\n" : "");
        assert_int_equal(m->lent, 0);
        message_bench_free(m);
    }
}

/* everywhere: a hole at any place takes nothing with it but what it is in. */
static void holes_anywhere(void **unused)
{
    (void)unused;
    static const char first[] = "DATA\r\n" MAIL(PART_OF("a", "1")),
                      second[] = "DATA\r\n" MAIL(PART_OF("b", "2"));
    for (size_t at = 0; at < sizeof first; at++) {
        char before[sizeof first];
        memcpy(before, first, at);
        before[at] = 0;
        struct said said[] = {GREETING, C(before), LOST(PROTO_TO_SERVER, 1), C("x\r\n.\r\n"),
                              C(second)};
        struct way way = {.rooms = true, .open = OUTCOME_SEEN};
        char *text = replayed(&smtp_parser, said, 5, &way);
        if (!strstr(text, " > file.name=b\n") || !strstr(text, " > file.data=2\n"))
            fail_msg("hole at %zu: %s", at, text);
        free(text);
    }
}

static void recognition(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        int said, server; /* server: 1, 0, or -1: not told */
    } cases[] = {
        {"220 mx.example ESMTP Postfix\r\n", 1, 1},
        {"220-mx.example smtp\r\n", 1, 1},
        {"220 hello\r\n", 0, -1},
        {"554 no SMTP service\r\n", 0, -1},
        {"22", 0, -1},
        {"EHLO me\r\n", 1, 0},
        {"helo me\r\n", 1, 0},
        {"EH", 0, -1},
        {"MAIL FROM:<a@b>\r\n", 0, -1},
        {"QUIT\r\n", 0, -1},
        {"USER x\r\n", -1, -1},
        {"HELLO\r\n", -1, -1},
        {"* OK IMAP\r\n", -1, -1},
        {"GET / HTTP/1.1\r\n", -1, -1},
        {"600 x\r\n", -1, -1},
        {"220_x\r\n", -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int believed = 0; believed < 2; believed++) {
            bool server = believed;
            int said = verdict(&smtp_parser, cases[i].text, &server);
            bool right = cases[i].server < 0 ? believed : cases[i].server;
            if (said != cases[i].said || server != right)
                fail_msg("%s: %d, server %d", cases[i].text, said, server);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_answer_is_judged),
        cmocka_unit_test(challenges_are_answered),
        cmocka_unit_test(commands_behind_a_verdict),
        cmocka_unit_test(given_up_is_not_refused),
        cmocka_unit_test(answers_nobody_saw),
        cmocka_unit_test(greeting_says_no),
        cmocka_unit_test(greeting_may_come_late),
        cmocka_unit_test(behind_tls_nothing_is_read),
        cmocka_unit_test(lines_of_mails_are_no_commands),
        cmocka_unit_test(mail_that_is_not_wanted),
        cmocka_unit_test(chunks_are_counted),
        cmocka_unit_test(losses),
        cmocka_unit_test(files_are_told),
        cmocka_unit_test(files_of_one_side_alone),
        cmocka_unit_test(files_in_chunks),
        cmocka_unit_test(mails_that_are_given_up),
        cmocka_unit_test(files_that_break_off),
        cmocka_unit_test(without_rooms_the_rest_is_the_same),
        cmocka_unit_test(lookers_come_and_go),
        cmocka_unit_test(holes_anywhere),
        cmocka_unit_test(recognition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
