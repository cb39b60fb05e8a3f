/* Verifying what somebody made on purpose: signed but of another form, under another key, one log
 * in the place of the other; and that every fault of several is named. */
#include "ledger/verify.h"

#include "base/error.h"
#include "base/file.h"
#include "ledger/dir_walk.h"
#include "ledger/log.h"
#include "ledger/merkle.h"
#include "ledger/tiles.h"
#include "tests/unit/check.h"
#include "tests/unit/temporary.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 256
#define FACTS     "ledger.amber.example/facts"
#define ACTS      "ledger.amber.example/acts"

static const uint8_t secret[LEDGER_SECRET_BYTES] = {5};

struct place {
    char dir[PATH_ROOM];
    struct note_signer signers[LEDGER_LOGS];
    char vkeys[LEDGER_LOGS][512];
    const char *keys[LEDGER_LOGS];
    struct verify_request request;
    struct verify_result result;
    struct diags diags;
};

static void shell(const char *format, const char *a, const char *b)
{
    char *command;
    assert_true(asprintf(&command, format, a, b) > 0);
    if (system(command) != 0)
        fail_msg("%s", command);
    free(command);
}

static void append(struct sealed_log *log, enum entry_kind kind, unsigned number)
{
    char id[32], time[32];
    bool repeated;
    struct diags diags = {0};
    snprintf(id, sizeof id, "%s-%u", entry_kind_name(kind), number);
    size_t len = (size_t)snprintf(time, sizeof time, "\"%u\"", 1000 + number);
    const struct entry_field coverage[] = {
        {"assets", "[{\"a\":1},\"b\"]", 13}, {"from", time, len}, {"to", "\"2\"", 3}};
    const struct entry_field act[] = {
        {"facts-size", "0", 1}, {"time", time, len}, {"version", "\"1\"", 3}};
    const struct entry_draft draft = {kind, id, 1, kind == ENTRY_COVERAGE ? coverage : act, 3};
    if (log_append(log, &draft, &repeated, &diags)) {
        diags_print(&diags, stderr);
        fail_msg("append");
    }
}

static void seal(struct place *p, enum ledger_log which, enum entry_kind kind, unsigned n)
{
    struct sealed_log *log;
    struct diags diags = {0};
    const struct log_config config = {p->dir, which, secret, &p->signers[which]};
    assert_int_equal(log_open(&log, &config, &diags), 0);
    for (unsigned i = 0; i < n; i++)
        append(log, kind, i);
    assert_int_equal(log_publish(log, &diags), 0);
    log_close(log);
}

static void place_make(struct place *p, unsigned facts, unsigned acts)
{
    static const char *const origins[LEDGER_LOGS] = {FACTS, ACTS};
    *p = (struct place){0};
    temporary_folder(p->dir);
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        struct text t = {0};
        const uint8_t seed[ED25519_SECRET_BYTES] = {(uint8_t)(i + 1)};
        assert_int_equal(note_signer_from_seed(origins[i], seed, &p->signers[i]), 0);
        note_verifier_format(&t, &p->signers[i].verifier);
        strcpy(p->vkeys[i], text_str(&t));
        p->keys[i] = p->vkeys[i];
        text_free(&t);
    }
    seal(p, LEDGER_FACTS, ENTRY_COVERAGE, facts);
    seal(p, LEDGER_ACTS, ENTRY_START, acts);
    p->request = (struct verify_request){.dir = p->dir, .keys = p->keys, .n_keys = LEDGER_LOGS};
}

static void place_remove(struct place *p)
{
    shell("rm -rf %s%s", p->dir, "");
    diags_free(&p->diags);
}

static int verify(struct place *p)
{
    diags_free(&p->diags);
    p->diags = (struct diags){0};
    int error = ledger_verify(&p->request, &p->result, &p->diags);
    assert_int_equal(error != 0, p->diags.errors != 0);
    return error;
}

static void assert_verified(struct place *p)
{
    if (verify(p) == 0)
        return;
    diags_print(&p->diags, stderr);
    fail_msg("a good ledger does not verify");
}

/* Some diagnostic is about this file, or about a directory or file beneath it. */
static bool names_file(const struct place *p, const char *file)
{
    for (size_t i = 0; i < p->diags.n; i++)
        if (p->diags.items[i].pos.file && strstr(p->diags.items[i].pos.file, file))
            return true;
    return false;
}

static void assert_fault(struct place *p, const char *file)
{
    if (verify(p) == 0)
        fail_msg("verified with a fault in %s", file);
    if (names_file(p, file))
        return;
    diags_print(&p->diags, stderr);
    fail_msg("no diagnostic names %s", file);
}

static void ledgers_around_the_edges_of_tiles_are_verified(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 255, 256, 257, 600};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct place p;
        place_make(&p, sizes[i], 1);
        assert_verified(&p);
        assert_int_equal(p.result.facts_size, sizes[i]);
        place_remove(&p);
    }
}

struct flips {
    struct place *p;
    const char *log;
    size_t step; /* 1: every byte */
    uint64_t seed;
    unsigned tried;
};

static void flip_file(void *ctx, const char *path, enum dir_item item)
{
    struct flips *f = ctx;
    char full[2 * PATH_ROOM], name[PATH_ROOM];
    struct text t = {0};
    assert_int_equal(item, DIR_FILE);
    snprintf(name, sizeof name, "%s/%s", f->log, path);
    snprintf(full, sizeof full, "%s/%s", f->p->dir, name);
    assert_int_equal(file_read(full, 1 << 24, &t), 0);
    int fd = open(full, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t at = 0; at < t.len; at += f->step == 1 ? 1 : 1 + random_below(&f->seed, f->step))
        for (unsigned flip = 0x01; flip <= 0x80; flip += 0x7f) {
            const char changed = (char)(t.data[at] ^ (int)flip);
            assert_int_equal(pwrite(fd, &changed, 1, (off_t)at), 1);
            if (verify(f->p) == 0 || !names_file(f->p, f->log))
                fail_msg("%s byte %zu ^ %#x: not noticed, or not named", name, at, flip);
            assert_int_equal(pwrite(fd, t.data + at, 1, (off_t)at), 1);
            f->tried++;
        }
    close(fd);
    text_free(&t);
}

static void flip_all(struct place *p, size_t step)
{
    static const char *const names[] = {"facts", "acts"};
    struct flips f = {.p = p, .step = step, .seed = step == 1 ? 0 : random_seed()};
    for (unsigned i = 0; i < 2; i++) {
        char dir[PATH_ROOM + 16];
        f.log = names[i];
        snprintf(dir, sizeof dir, "%s/%s", p->dir, names[i]);
        assert_int_equal(dir_walk(dir, flip_file, &f), 0);
    }
    assert_true(f.tried > 50);
    assert_verified(p);
}

static void changed_bytes_of_full_tiles_are_noticed(void **state)
{
    (void)state;
    struct place p;
    place_make(&p, 258, 1);
    shell("rm -rf %s/private%s", p.dir, "");
    flip_all(&p, 6000);
    place_remove(&p);
}

static void another_key_is_refused(void **state)
{
    (void)state;
    struct place p;
    struct note_signer other;
    struct text t = {0};
    place_make(&p, 2, 1);
    /* Same name, other key: a log rewritten by somebody else. */
    const uint8_t seed[ED25519_SECRET_BYTES] = {99};
    assert_int_equal(note_signer_from_seed(FACTS, seed, &other), 0);
    note_verifier_format(&t, &other.verifier);
    p.keys[0] = text_str(&t);
    assert_int_equal(verify(&p), ERR_SIGNATURE);
    assert_true(names_file(&p, "facts/checkpoint"));
    /* Either log without its key. */
    for (unsigned i = 0; i < LEDGER_LOGS; i++) {
        p.keys[0] = p.vkeys[1 - i];
        p.request.n_keys = 1;
        assert_int_equal(verify(&p), ERR_KEY);
        assert_true(names_file(&p, i ? "acts/checkpoint" : "facts/checkpoint"));
    }
    p.request.n_keys = 0;
    assert_int_equal(verify(&p), ERR_KEY);
    /* A key that is none is not passed over, even when the others suffice. */
    const char *three[] = {p.vkeys[0], p.vkeys[1], "ledger.amber.example/facts+00000000+AAAA"};
    p.request.keys = three;
    p.request.n_keys = 3;
    assert_int_equal(verify(&p), ERR_KEY);
    p.request.n_keys = 2;
    assert_verified(&p);
    text_free(&t);
    place_remove(&p);
}

static void log_in_the_place_of_the_other_is_refused(void **state)
{
    (void)state;
    struct place p;
    place_make(&p, 2, 1);
    shell("rm -rf %s/acts%s", p.dir, "");
    assert_fault(&p, "acts");
    shell("rm -rf %s/private%s", p.dir, "");
    shell("cp -a %s/facts %s/acts", p.dir, p.dir);
    assert_fault(&p, "acts");
    place_remove(&p);
}

static void lines_of_unknown_keys_are_counted_and_do_no_harm(void **state)
{
    (void)state;
    struct place p;
    char path[2 * PATH_ROOM];
    struct text t = {0};
    struct note_signer witness;
    const uint8_t seed[ED25519_SECRET_BYTES] = {77};
    place_make(&p, 2, 1);
    assert_int_equal(note_signer_from_seed("witness.example/w", seed, &witness), 0);
    snprintf(path, sizeof path, "%s/facts/checkpoint", p.dir);
    assert_int_equal(file_read(path, 1 << 16, &t), 0);
    size_t body = (size_t)((char *)memmem(t.data, t.len, "\n\n", 2) - t.data) + 1;
    assert_int_equal(note_signature_line(&t, "something else\n", 15, &witness), 0);
    assert_int_equal(file_replace(path, t.data, t.len, 0644), 0);
    assert_verified(&p);
    assert_int_equal(p.result.ignored_signature_lines, 1);
    /* A second line under the log's own key is not unknown: it must be good, and there is but one.
     */
    assert_int_equal(note_signature_line(&t, t.data, body, &p.signers[0]), 0);
    assert_int_equal(file_replace(path, t.data, t.len, 0644), 0);
    assert_fault(&p, "facts/checkpoint");
    text_free(&t);
    place_remove(&p);
}

/* Entries that are signed and hashed rightly, but are not what a sealer writes. */
static void publish_raw(struct place *p, const char *const *entries, unsigned n)
{
    struct merkle tree = {0};
    struct entry_list list = {0};
    struct text note = {0}, root_body = {0};
    struct diags diags = {0};
    char dir[2 * PATH_ROOM], encoded[BASE64_ROOM(SHA256_BYTES)];
    uint8_t hash[SHA256_BYTES];
    snprintf(dir, sizeof dir, "%s/facts", p->dir);
    shell("rm -rf %s %s/private", dir, p->dir);
    for (unsigned i = 0; i < n; i++) {
        merkle_leaf(hash, entries[i], strlen(entries[i]));
        assert_int_equal(merkle_append(&tree, hash), 0);
        assert_int_equal(entry_list_append(&list, entries[i], strlen(entries[i])), 0);
    }
    assert_int_equal(tiles_write(dir, &tree, &list, 0, 0, &diags), 0);
    merkle_root(&tree, hash);
    base64_encode(encoded, hash, sizeof hash, false);
    text_printf(&root_body, FACTS "\n%u\n%s\n", n, encoded);
    assert_int_equal(note_sign(&note, root_body.data, root_body.len, &p->signers[0]), 0);
    snprintf(dir, sizeof dir, "%s/facts/checkpoint", p->dir);
    assert_int_equal(file_replace(dir, note.data, note.len, 0644), 0);
    merkle_free(&tree);
    entry_list_free(&list);
    text_free(&note);
    text_free(&root_body);
}

/* An entry of n digests that begin with a number, from `first` on. */
static char *raw_entry(unsigned n, unsigned first)
{
    struct text t = {0};
    text_puts(&t, "{\"_sd\":[");
    for (unsigned i = 0; i < n; i++)
        text_printf(&t, "%s\"%02u%.41s\"", i ? "," : "", first + i,
                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    text_puts(&t, "],\"_sd_alg\":\"sha-256\",\"v\":1}");
    return t.data;
}

static void signed_entries_of_another_form_are_refused(void **state)
{
    (void)state;
    struct place p;
    place_make(&p, 1, 1);
    char *good = raw_entry(16, 0), *other = raw_entry(16, 20), *odd = raw_entry(17, 0),
         *shared = raw_entry(32, 15);
    publish_raw(&p, (const char *const[]){good, other}, 2);
    assert_verified(&p);
    publish_raw(&p, (const char *const[]){good, odd}, 2);
    assert_fault(&p, "facts/tile/entries/000.p/2");
    publish_raw(&p, (const char *const[]){good, shared}, 2);
    assert_fault(&p, "facts/tile/entries"); /* a digest in two entries */
    publish_raw(&p, (const char *const[]){good, good}, 2);
    assert_fault(&p, "facts/tile/entries");
    publish_raw(&p, (const char *const[]){good, "{}"}, 2);
    assert_fault(&p, "facts/tile/entries/000.p/2");
    publish_raw(&p, (const char *const[]){"", good}, 2);
    assert_fault(&p, "facts/tile/entries/000.p/2");
    free(good);
    free(other);
    free(odd);
    free(shared);
    place_remove(&p);
}

/* Going on after a fault: each of several is named in one run. */
static void all_faults_are_named_in_one_run(void **state)
{
    (void)state;
    struct place p;
    char path[2 * PATH_ROOM];
    place_make(&p, 2, 1);
    snprintf(path, sizeof path, "%s/facts/stray", p.dir);
    assert_int_equal(file_replace(path, "x", 1, 0644), 0);
    snprintf(path, sizeof path, "%s/facts/tile/0/000.p/2", p.dir);
    assert_int_equal(truncate(path, 10), 0);
    snprintf(path, sizeof path, "%s/acts/checkpoint", p.dir);
    assert_int_equal(unlink(path), 0);
    assert_fault(&p, "facts/stray");
    assert_true(names_file(&p, "facts/tile/0/000.p/2"));
    assert_true(names_file(&p, "acts/checkpoint"));
    place_remove(&p);
}

static void report_says_what_is_proved_and_what_is_not(void **state)
{
    (void)state;
    struct place p;
    char *text = NULL;
    size_t len;
    place_make(&p, 2, 1);
    for (int ok = 0; ok < 2; ok++) {
        assert_verified(&p);
        FILE *out = open_memstream(&text, &len);
        ledger_verify_report(out, &p.request, &p.result, ok);
        fclose(out);
        assert_non_null(strstr(text, "PROVES\n"));
        assert_non_null(strstr(text, "DOES NOT PROVE\n"));
        assert_non_null(strstr(text, "STILL OPEN\n"));
        assert_int_equal(strstr(text, "NOT verified") == NULL, ok);
        free(text);
    }
    place_remove(&p);
}

/* The key holder signs a root that its entries do not have. */
static void signed_root_of_other_entries_is_refused(void **state)
{
    (void)state;
    struct place p;
    char path[2 * PATH_ROOM];
    struct text body = {0}, note = {0};
    place_make(&p, 2, 1);
    text_puts(&body, FACTS "\n2\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_int_equal(note_sign(&note, body.data, body.len, &p.signers[0]), 0);
    snprintf(path, sizeof path, "%s/facts/checkpoint", p.dir);
    assert_int_equal(file_replace(path, note.data, note.len, 0644), 0);
    assert_fault(&p, "facts/checkpoint");
    text_free(&body);
    text_free(&note);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ledgers_around_the_edges_of_tiles_are_verified),
        cmocka_unit_test(changed_bytes_of_full_tiles_are_noticed),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(log_in_the_place_of_the_other_is_refused),
        cmocka_unit_test(lines_of_unknown_keys_are_counted_and_do_no_harm),
        cmocka_unit_test(signed_entries_of_another_form_are_refused),
        cmocka_unit_test(all_faults_are_named_in_one_run),
        cmocka_unit_test(report_says_what_is_proved_and_what_is_not),
        cmocka_unit_test(signed_root_of_other_entries_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
