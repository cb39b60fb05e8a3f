/* The accord's note: what parties sign, and the commands around it.
 *
 * The body is "plimsoll-accord/1", id, version and digest, one a line; each key of a party adds a
 * signature line of a C2SP signed note. An accord is signed when every party's quorum of its keys
 * is there.
 */
#include "correlate/accord_parts.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_FILE_MAX (1u << 20)
#define KEY_FILE_MAX  4096

static void note_body(const struct accord *a, struct text *out)
{
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(hex, a->digest, SHA256_BYTES);
    text_printf(out, "plimsoll-accord/1\n%s\n%u\n%s\n", a->id, a->version, hex);
}

static int read_signer(const char *key_file, struct note_signer *out, struct diags *diags)
{
    struct text text = {0};
    int error = file_read(key_file, KEY_FILE_MAX, &text);
    if (error) {
        diag_error(diags, error, diag_file(key_file), "plimsoll accord keygen makes one",
                   "cannot read the key: %s", error_text(error));
    } else {
        if (text.len && text.data[text.len - 1] == '\n')
            text.data[--text.len] = '\0';
        error = note_signer_parse(text_str(&text), out);
        if (error)
            diag_error(diags, error, (struct diag_pos){.file = key_file, .line = 1, .col = 1},
                       "PRIVATE+KEY+NAME+HASH+BASE64, one line", "this is no signer key: %s",
                       error_text(error));
    }
    if (text.data)
        explicit_bzero(text.data, text.len);
    text_free(&text);
    return error;
}

static const struct accord_party *party_of_key(const struct accord *a,
                                               const struct note_verifier *key)
{
    for (unsigned i = 0; i < a->n_parties; i++)
        for (unsigned j = 0; j < a->parties[i].n_keys; j++) {
            const struct note_verifier *k = &a->parties[i].keys[j];
            if (strcmp(k->name, key->name) == 0 && k->hash == key->hash &&
                memcmp(k->key, key->key, sizeof k->key) == 0)
                return &a->parties[i];
        }
    return NULL;
}

/* open_note: the note's form, and that it is of this very accord. */
static int open_note(const struct accord *a, const char *note_path, const struct text *text,
                     struct note_view *note, struct diags *diags)
{
    size_t at = 0;
    int error = note_parse(text_str(text), text->len, note, &at);
    if (error) {
        struct diag_pos pos = {.file = note_path, .line = 1, .col = 1};
        for (size_t i = 0; i < at && i < text->len; i++) {
            pos.line += text->data[i] == '\n';
            pos.col = text->data[i] == '\n' ? 1 : pos.col + 1;
        }
        return diag_error(diags, error, pos, NULL, "this is no signed note");
    }
    struct text body = {0};
    note_body(a, &body);
    bool same = body.len == note->body_len && memcmp(body.data, note->body, body.len) == 0;
    text_free(&body);
    if (!same)
        return diag_error(diags, ERR_CONFLICT, diag_file(note_path),
                          "compare its id, version and digest with plimsoll accord digest",
                          "the note is not of this accord as it is now");
    return 0;
}

static int add_signature(const struct accord *a, const struct note_signer *signer,
                         const char *note_path, struct diags *diags)
{
    struct text text = {0}, body = {0};
    struct note_view note;
    note_body(a, &body);
    int error = file_read(note_path, NOTE_FILE_MAX, &text);
    if (error == ERR_NOT_FOUND) {
        error = note_sign(&text, text_str(&body), body.len, signer);
    } else if (error) {
        diag_error(diags, error, diag_file(note_path), NULL, "cannot read the note: %s",
                   error_text(error));
    } else if (!(error = open_note(a, note_path, &text, &note, diags))) {
        size_t unknown;
        error = note_open(&note, &signer->verifier, &unknown);
        if (error == 0)
            goto out; /* it has signed before */
        error =
            error == ERR_NOT_FOUND && note.n < NOTE_SIGNATURES_MAX
                ? note_signature_line(&text, text_str(&body), body.len, signer)
                : diag_error(diags, error == ERR_NOT_FOUND ? ERR_FULL : error, diag_file(note_path),
                             "start with a new note", "no signature can be added to this note");
    }
    if (!error && (text.failed || (error = file_replace(note_path, text.data, text.len, 0644))))
        error = diag_error(diags, text.failed ? ERR_NOMEM : error, diag_file(note_path), NULL,
                           "cannot write the note");
out:
    text_free(&text);
    text_free(&body);
    return error;
}

int accord_sign(const char *path, const char *key_file, const char *note_path, struct diags *diags)
{
    struct accord *a;
    struct note_signer signer;
    int error = accord_read(&a, path, diags);
    if (error)
        return error;
    error = read_signer(key_file, &signer, diags);
    if (!error && !party_of_key(a, &signer.verifier))
        error = diag_error(diags, ERR_KEY, diag_file(key_file),
                           "only keys that the accord lists can sign it",
                           "the key '%s' is of no party of accord %s", signer.verifier.name, a->id);
    if (!error)
        error = add_signature(a, &signer, note_path, diags);
    explicit_bzero(&signer, sizeof signer);
    accord_destroy(a);
    return error;
}

/* verify_party: count the party's valid signatures; a signature of its key that does not verify is
 * an error. */
static int verify_party(const struct accord_party *party, const struct note_view *note,
                        const char *note_path, FILE *out, struct diags *diags)
{
    unsigned valid = 0;
    for (unsigned i = 0; i < party->n_keys; i++) {
        size_t unknown;
        int error = note_open(note, &party->keys[i], &unknown);
        if (error == ERR_NOT_FOUND)
            continue;
        if (error)
            return diag_error(diags, ERR_SIGNATURE, diag_file(note_path), NULL,
                              "the signature of '%s' of party '%s' does not verify",
                              party->keys[i].name, party->id);
        valid++;
        fprintf(out, "%s signed with %s+%08x\n", party->id, party->keys[i].name,
                party->keys[i].hash);
    }
    if (valid < party->quorum)
        return diag_error(
            diags, ERR_SIGNATURE, diag_file(note_path), "plimsoll accord sign adds one",
            "party '%s' has %u of the %u signatures it needs", party->id, valid, party->quorum);
    return 0;
}

int accord_verify(const char *path, const char *note_path, FILE *out, struct diags *diags)
{
    struct accord *a;
    struct text text = {0};
    struct note_view note;
    int error = accord_read(&a, path, diags);
    if (error)
        return error;
    error = file_read(note_path, NOTE_FILE_MAX, &text);
    if (error)
        diag_error(diags, error, diag_file(note_path), NULL, "cannot read the note: %s",
                   error_text(error));
    else
        error = open_note(a, note_path, &text, &note, diags);
    if (!error) {
        for (unsigned i = 0; i < a->n_parties; i++) {
            int of_party = verify_party(&a->parties[i], &note, note_path, out, diags);
            error = error ? error : of_party;
        }
        if (!error)
            fprintf(out, "accord %s version %u is signed by all %u parties\n", a->id, a->version,
                    a->n_parties);
    }
    text_free(&text);
    accord_destroy(a);
    return error;
}

int accord_keygen(const char *name, const char *key_file, FILE *out, struct diags *diags)
{
    struct note_signer signer;
    struct text secret = {0}, public = {0};
    int error = note_signer_generate(name, &signer), fd = -1;
    if (error) {
        diag_error(diags, error, diag_file(NULL), "a name has no blanks and no plus sign",
                   "cannot make a key named '%.60s': %s", name, error_text(error));
        goto out;
    }
    note_signer_format(&secret, &signer);
    text_puts(&secret, "\n");
    note_verifier_format(&public, &signer.verifier);
    fd = open(key_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        error = diag_error(diags, errno == EEXIST ? ERR_EXISTS : ERR_IO, diag_file(key_file),
                           "keys are never overwritten: choose another file",
                           "cannot make the key file: %s", strerror(errno));
        goto out;
    }
    if (secret.failed || write(fd, secret.data, secret.len) != (ssize_t)secret.len || fsync(fd)) {
        error = diag_error(diags, ERR_IO, diag_file(key_file), NULL, "cannot write the key: %s",
                           strerror(errno));
        unlink(key_file);
        goto out;
    }
    fprintf(out, "%s\n", text_str(&public));
out:
    if (fd >= 0)
        close(fd);
    if (secret.data)
        explicit_bzero(secret.data, secret.len);
    explicit_bzero(&signer, sizeof signer);
    text_free(&secret);
    text_free(&public);
    return error;
}
