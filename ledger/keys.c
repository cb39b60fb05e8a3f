/* Reading and making the key file and the secret file. */
#include "ledger/keys.h"

#include "base/error.h"
#include "base/file.h"
#include "ledger/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536

void wipe(void *data, size_t len)
{
    explicit_bzero(data, len);
}

static void free_secret_text(struct text *t)
{
    if (t->data)
        wipe(t->data, t->cap);
    text_free(t);
}

/* find_signer: look through the lines of a key file. 0, ERR_NOT_FOUND, ERR_KEY. */
static int find_signer(const char *path, char *text, const char *origin, struct note_signer *out,
                       struct diags *diags)
{
    uint32_t line = 0;
    int result = ERR_NOT_FOUND;
    char *rest = text, *at;
    while ((at = strsep(&rest, "\n"))) {
        struct note_signer signer;
        line++;
        if (!*at)
            continue;
        if (note_signer_parse(at, &signer))
            return diag_error(diags, ERR_KEY, (struct diag_pos){.file = path, .line = line},
                              "a line is PRIVATE+KEY+NAME+HASH+BASE64",
                              "this is no signing key in the form of a signed note");
        if (strcmp(signer.verifier.name, origin) == 0) {
            if (result == 0)
                return diag_error(diags, ERR_KEY, (struct diag_pos){.file = path, .line = line},
                                  "remove the one that is not in use",
                                  "a second signing key for the log %s", origin);
            *out = signer;
            result = 0;
        }
        wipe(&signer, sizeof signer);
    }
    return result;
}

/* add_signer: make a key and write it behind the lines that are there. */
static int add_signer(const char *path, const struct text *there, const char *origin,
                      struct note_signer *out, struct diags *diags)
{
    struct text t = {0};
    if (note_signer_generate(origin, out))
        return diag_error(diags, ERR_KEY, diag_file(path),
                          "an origin has no blanks and no plus sign",
                          "cannot make a signing key for the log %s", origin);
    text_append(&t, text_str(there), there->len);
    if (t.len && t.data[t.len - 1] != '\n')
        text_puts(&t, "\n");
    note_signer_format(&t, out);
    text_puts(&t, "\n");
    int error = t.failed ? ERR_NOMEM : disk_replace(path, t.data, t.len, 0600, diags);
    free_secret_text(&t);
    return error;
}

static int read_file(const char *path, struct text *out, struct diags *diags)
{
    struct stat st;
    /* A pipe that nobody writes would be waited for, and is not the same when read twice. */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return diag_error(diags, ERR_KEY, diag_file(path), NULL, "this is no plain file");
    int error = file_read(path, FILE_MAX, out);
    if (error && error != ERR_NOT_FOUND)
        return diag_error(diags, ERR_KEY, diag_file(path), NULL, "cannot read the key file: %s",
                          error == ERR_RANGE ? "it is too large" : strerror(errno));
    return 0;
}

/* lock_directory: of a file of secrets; made if it lacks. Two that make the same one would each go
 * on with a key of its own, and one of them is lost. The descriptor, or an error. */
static int lock_directory(const char *path, struct diags *diags)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    snprintf(dir, sizeof dir, "%.*s", (int)len, len ? path : "");
    int error = len >= sizeof dir ? ERR_IO : len > 1 ? disk_make_dirs(dir, 0700, diags) : 0;
    if (error)
        return error;
    int fd = open(len ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX)) {
        if (errno == EINTR)
            continue;
        int kept = errno;
        close(fd);
        errno = kept;
        fd = -1;
    }
    return fd >= 0 ? fd : disk_error(dir, "lock", diags);
}

/* look_for_signer: the file as it is now. */
static int look_for_signer(const char *path, struct text *t, const char *origin,
                           struct note_signer *out, struct diags *diags)
{
    free_secret_text(t);
    int error = read_file(path, t, diags);
    if (error)
        return error;
    char *copy = strdup(text_str(t));
    error = copy ? find_signer(path, copy, origin, out, diags) : ERR_NOMEM;
    if (copy)
        wipe(copy, strlen(copy));
    free(copy);
    return error;
}

static int make_signer(const char *path, struct text *t, const char *origin,
                       struct note_signer *out, bool *made, struct diags *diags)
{
    int lock = lock_directory(path, diags);
    if (lock < 0)
        return lock;
    int error = look_for_signer(path, t, origin, out, diags);
    if (error == ERR_NOT_FOUND) {
        error = add_signer(path, t, origin, out, diags);
        *made = error == 0;
    }
    close(lock);
    return error;
}

int keys_load(const char *path, const char *origin, bool may_make, struct note_signer *out,
              bool *made, struct diags *diags)
{
    struct text t = {0};
    int error = look_for_signer(path, &t, origin, out, diags);
    if (error == ERR_NOT_FOUND && may_make)
        error = make_signer(path, &t, origin, out, made, diags);
    else if (error == ERR_NOT_FOUND)
        error = diag_error(diags, ERR_KEY, diag_file(path),
                           "give the key file that this ledger was begun with",
                           "there is no signing key for the log %s, which exists already", origin);
    free_secret_text(&t);
    return error;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_secret(const struct text *t, uint8_t out[LEDGER_SECRET_BYTES])
{
    size_t len = t->len;
    if (len && t->data[len - 1] == '\n')
        len--;
    if (len != 2 * LEDGER_SECRET_BYTES)
        return ERR_KEY;
    for (size_t i = 0; i < LEDGER_SECRET_BYTES; i++) {
        int high = hex_value(t->data[2 * i]), low = hex_value(t->data[2 * i + 1]);
        if (high < 0 || low < 0)
            return ERR_KEY;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* look_for_secret: 0, ERR_NOT_FOUND, ERR_KEY. */
static int look_for_secret(const char *path, uint8_t out[LEDGER_SECRET_BYTES], struct diags *diags)
{
    struct text t = {0};
    int error = read_file(path, &t, diags);
    if (!error && t.len == 0)
        error = ERR_NOT_FOUND;
    else if (!error && parse_secret(&t, out))
        error = diag_error(diags, ERR_KEY, diag_file(path), "it is 64 lower-case hex digits",
                           "this is no ledger secret");
    free_secret_text(&t);
    return error;
}

static int write_secret(const char *path, uint8_t out[LEDGER_SECRET_BYTES], struct diags *diags)
{
    char hex[2 * LEDGER_SECRET_BYTES + 2];
    int error = random_bytes(out, LEDGER_SECRET_BYTES);
    if (error)
        return diag_error(diags, error, diag_file(path), NULL, "no random bytes to be had");
    hex_encode(hex, out, LEDGER_SECRET_BYTES);
    hex[sizeof hex - 2] = '\n';
    error = disk_replace(path, hex, sizeof hex - 1, 0600, diags);
    wipe(hex, sizeof hex);
    return error;
}

static int make_secret(const char *path, uint8_t out[LEDGER_SECRET_BYTES], bool *made,
                       struct diags *diags)
{
    int lock = lock_directory(path, diags);
    if (lock < 0)
        return lock;
    int error = look_for_secret(path, out, diags);
    if (error == ERR_NOT_FOUND) {
        error = write_secret(path, out, diags);
        *made = error == 0;
    }
    close(lock);
    return error;
}

int secret_load(const char *path, bool may_make, uint8_t out[LEDGER_SECRET_BYTES], bool *made,
                struct diags *diags)
{
    int error = look_for_secret(path, out, diags);
    if (error == ERR_NOT_FOUND && may_make)
        return make_secret(path, out, made, diags);
    if (error == ERR_NOT_FOUND)
        return diag_error(diags, ERR_KEY, diag_file(path),
                          "give the secret file that this ledger was begun with",
                          "there is no ledger secret here, and the ledger exists already");
    return error;
}

void keys_warn_shared(const char *path, struct diags *diags)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)))
        diag_warning(diags, ERR_KEY, diag_file(path), "chmod go= it, and think of who has read it",
                     "others can read or write what only its owner should know");
}
