/* A sealed log: everything in it is made from the drafts of the write-ahead log, in their order. */
#include "ledger/log.h"

#include "base/error.h"
#include "base/file.h"
#include "ledger/checkpoint.h"
#include "ledger/disclosures.h"
#include "ledger/disk.h"
#include "ledger/draft_codec.h"
#include "ledger/entry_table.h"
#include "ledger/seen.h"
#include "ledger/tiles.h"
#include "ledger/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKPOINT_MAX 65536

struct sealed_log {
    struct log_config config;
    struct commitment_maker maker;
    char *dir, *private_dir;
    int lock; /* the private directory, locked */
    struct merkle tree;
    struct entry_list entries;
    struct seen seen;
    struct disclosures disclosures;
    struct wal wal;
    struct checkpoint checkpoint; /* the one on the disk */
    bool has_checkpoint;
    int failed; /* the error that ended writing */
    struct sealed_entry sealed;
    struct draft_copy copy;
    struct text bytes;
    struct text last_act; /* the last draft that begins or ends a run of the engine */
    struct diags *diags;  /* of log_open, while the write-ahead log is read */
};

static char *join(const char *dir, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static char *private_path(const char *ledger_dir, enum ledger_log which)
{
    char *path;
    return asprintf(&path, "%s/private/%s", ledger_dir, ledger_log_name(which)) < 0 ? NULL : path;
}

bool log_exists(const char *ledger_dir, enum ledger_log which)
{
    char *dir = join(ledger_dir, ledger_log_name(which));
    char *private_dir = private_path(ledger_dir, which);
    char *checkpoint = dir ? join(dir, "checkpoint") : NULL;
    char *check = private_dir ? join(private_dir, "secret-check") : NULL;
    bool there =
        (checkpoint && access(checkpoint, F_OK) == 0) || (check && access(check, F_OK) == 0);
    free(dir);
    free(private_dir);
    free(checkpoint);
    free(check);
    return there;
}

/* refuse_link: whoever verifies follows none, and would miss the log. */
static int refuse_link(const char *dir, struct diags *diags)
{
    struct stat st;
    if (lstat(dir, &st))
        return disk_error(dir, "open", diags);
    if (S_ISDIR(st.st_mode))
        return 0;
    return diag_error(diags, ERR_CONFLICT, diag_file(dir),
                      "put the directory itself here, or give --ledger where it is",
                      "this is a link: verifying would not follow it");
}

/* lock_private: one writer at a time. The lock ends with the process. */
static int lock_private(struct sealed_log *l, struct diags *diags)
{
    l->lock = open(l->private_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->lock < 0)
        return disk_error(l->private_dir, "open", diags);
    if (flock(l->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return disk_error(l->private_dir, "lock", diags);
    return diag_error(diags, ERR_CONFLICT, diag_file(l->private_dir),
                      "wait for it to end, or give another --ledger",
                      "another process writes this ledger");
}

/* check_secret: is it the one that the ledger was begun with? What cannot be told by the check is
 * told by the root; only then, with `keep`, a check that lacks is written. */
static int check_secret(struct sealed_log *l, bool keep, struct diags *diags)
{
    char check[2 * SHA256_BYTES + 1], *path = join(l->private_dir, "secret-check");
    struct text there = {0};
    ledger_secret_check(l->config.secret, check);
    int error = path ? file_read(path, 256, &there) : ERR_NOMEM;
    if (error == ERR_NOT_FOUND)
        error = keep ? disk_replace(path, check, sizeof check - 1, 0600, diags) : 0;
    else if (error)
        diag_error(diags, error, diag_file(path), NULL, "cannot read it: %s", error_text(error));
    else if (strcmp(text_str(&there), check) != 0)
        error = diag_error(diags, ERR_KEY, diag_file(path),
                           "give the secret file that this ledger was begun with",
                           "this ledger was begun with another ledger secret");
    text_free(&there);
    free(path);
    return error;
}

static int judge_checkpoint(struct sealed_log *l, const char *path, const struct text *note,
                            struct diags *diags)
{
    struct note_view view;
    const struct note_verifier *key = &l->config.signer->verifier;
    size_t at, unknown;
    if (note_parse(text_str(note), note->len, &view, &at))
        return diag_error(diags, ERR_CORRUPT, diag_file(path), "restore it from a copy",
                          "this is no signed note; byte %zu is wrong", at);
    if (note_open(&view, key, &unknown))
        return diag_error(diags, ERR_KEY, diag_file(path),
                          "give the key file that this ledger was begun with",
                          "this checkpoint was not signed by the key of %s", key->name);
    if (checkpoint_parse(view.body, view.body_len, &l->checkpoint, &at) ||
        strcmp(l->checkpoint.origin, key->name) != 0)
        return diag_error(diags, ERR_CORRUPT, diag_file(path), "restore it from a copy",
                          "this is no checkpoint of %s", key->name);
    l->has_checkpoint = true;
    return 0;
}

static int read_checkpoint(struct sealed_log *l, struct diags *diags)
{
    char *path = join(l->dir, "checkpoint");
    struct text note = {0};
    int error = path ? file_read(path, CHECKPOINT_MAX, &note) : ERR_NOMEM;
    if (error == ERR_NOT_FOUND)
        error = 0;
    else if (error)
        diag_error(diags, error, diag_file(path), NULL, "cannot read it: %s", error_text(error));
    else
        error = judge_checkpoint(l, path, &note, diags);
    text_free(&note);
    free(path);
    return error;
}

/* check_root: does the tree agree with the checkpoint at its size? */
static int check_root(struct sealed_log *l, struct diags *diags)
{
    uint8_t root[SHA256_BYTES];
    if (!l->has_checkpoint || merkle_size(&l->tree) != l->checkpoint.size)
        return 0;
    merkle_root(&l->tree, root);
    if (memcmp(root, l->checkpoint.root, sizeof root) == 0)
        return 0;
    return diag_error(diags, ERR_CORRUPT, diag_file(l->wal.path),
                      "restore the private directory that belongs to this ledger",
                      "its first %" PRIu64 " entries are not those under the checkpoint",
                      l->checkpoint.size);
}

/* take_in: put a draft that is sealed into everything that is kept in memory. */
static int take_in(struct sealed_log *l, const struct entry_draft *draft, const void *bytes,
                   size_t len, struct diags *diags)
{
    uint8_t digest[SHA256_BYTES];
    sha256(digest, bytes, len);
    if (draft->kind == ENTRY_START || draft->kind == ENTRY_STOP || draft->kind == ENTRY_GAP) {
        text_clear(&l->last_act);
        text_append(&l->last_act, bytes, len);
    }
    uint64_t index = merkle_size(&l->tree);
    int error = disclosures_add(&l->disclosures, index, draft, &l->sealed, diags);
    if (!error)
        error = entry_list_append(&l->entries, l->sealed.entry.data, l->sealed.entry.len);
    if (!error)
        error = merkle_append(&l->tree, l->sealed.leaf);
    if (!error)
        error = seen_add(&l->seen, draft->id, draft->revision, digest, l->sealed.leaf);
    return error;
}

static int seal(struct sealed_log *l, const struct entry_draft *draft, struct diags *diags)
{
    const uint8_t *before =
        draft->kind == ENTRY_FINDING ? seen_before(&l->seen, draft->id, draft->revision) : NULL;
    return commitment_seal(&l->maker, draft, before, &l->sealed, diags);
}

static int replay_record(void *ctx, const void *payload, size_t len)
{
    struct sealed_log *l = ctx;
    int error = draft_decode(payload, len, &l->copy);
    if (!error)
        error = seal(l, &l->copy.draft, l->diags);
    if (!error)
        error = take_in(l, &l->copy.draft, payload, len, l->diags);
    if (error && error != ERR_FULL && error != ERR_IO && error != ERR_NOMEM)
        error = diag_error(l->diags, ERR_CORRUPT, diag_file(l->wal.path), NULL,
                           "record %" PRIu64 " is no draft", merkle_size(&l->tree));
    return error ? error : check_root(l, l->diags);
}

static int replay_wal(struct sealed_log *l, struct diags *diags)
{
    uint64_t cut = 0;
    char *path = join(l->private_dir, "wal");
    int error = check_root(l, diags);
    l->diags = diags;
    if (!error)
        error = path ? wal_open(&l->wal, path, replay_record, l, &cut, diags) : ERR_NOMEM;
    if (!error && l->has_checkpoint && merkle_size(&l->tree) < l->checkpoint.size)
        error = diag_error(diags, ERR_CORRUPT, diag_file(path),
                           "restore the private directory that belongs to this ledger",
                           "it holds %" PRIu64 " good entries, the checkpoint covers %" PRIu64,
                           merkle_size(&l->tree), l->checkpoint.size);
    /* Only now: a log that is damaged where it is sealed must not be cut there. */
    if (!error)
        error = wal_cut(&l->wal, diags);
    if (!error && fsync(l->lock))
        error = disk_error(l->private_dir, "write", diags);
    if (!error && cut)
        diag_warning(diags, ERR_TRUNCATED, diag_file(path), NULL,
                     "%" PRIu64 " bytes of an unfinished write were cut off", cut);
    free(path);
    return error;
}

/* refuse_unknown_tiles: tiles are written behind the write-ahead log only, so that these are of a
 * log that lost it and its checkpoint: a new log here would take them away. */
static int refuse_unknown_tiles(const struct sealed_log *l, struct diags *diags)
{
    if (l->has_checkpoint || merkle_size(&l->tree) || !tiles_any(l->dir))
        return 0;
    return diag_error(diags, ERR_CORRUPT, diag_file(l->dir),
                      "restore its checkpoint and private directory, or give another --ledger",
                      "there are tiles here of a log of which nothing else is left");
}

/* has_landed: is this what stands at path? An error can come after the renaming. */
static bool has_landed(const char *path, const struct text *note)
{
    struct text there = {0};
    bool same = file_read(path, CHECKPOINT_MAX, &there) == 0 && there.len == note->len &&
                memcmp(there.data, note->data, note->len) == 0;
    text_free(&there);
    return same;
}

static int write_checkpoint(struct sealed_log *l, struct diags *diags)
{
    struct text note = {0};
    struct checkpoint fresh = {.size = merkle_size(&l->tree)};
    char *path = join(l->dir, "checkpoint");
    merkle_root(&l->tree, fresh.root);
    int error =
        path ? checkpoint_write(&note, fresh.size, fresh.root, l->config.signer) : ERR_NOMEM;
    if (!error)
        error = disk_replace(path, note.data, note.len, 0644, diags);
    if (!error || (path && !note.failed && note.len && has_landed(path, &note))) {
        l->checkpoint = fresh;
        l->has_checkpoint = true;
    }
    text_free(&note);
    free(path);
    return error;
}

/* publish_from: tiles new since `from`, the checkpoint if it changes. */
static int publish_from(struct sealed_log *l, uint64_t from, struct diags *diags)
{
    uint64_t size = merkle_size(&l->tree), old = log_published(l);
    int error = disclosures_sync(&l->disclosures, diags);
    if (!error)
        error = tiles_write(l->dir, &l->tree, &l->entries, from, old, diags);
    if (!error && (!l->has_checkpoint || old != size)) {
        error = write_checkpoint(l, diags);
        /* Whichever checkpoint stands now, only its tiles stay. */
        bool stands = log_published(l) == size;
        tiles_remove(l->dir, stands ? old : size, stands ? size : old);
    }
    if (!error)
        entry_list_drop(&l->entries, size);
    return error;
}

static void remove_half_written(const char *dir, const char *name)
{
    char *path = join(dir, name);
    if (path)
        unlink(path);
    free(path);
}

/* mend: bring the files to the size of the write-ahead log, whatever a crash left of them. */
static int mend(struct sealed_log *l, struct diags *diags)
{
    int error = tiles_settle(l->dir, diags);
    if (!error)
        error = publish_from(l, 0, diags);
    if (error)
        return error;
    remove_half_written(l->dir, "checkpoint.new");
    remove_half_written(l->private_dir, "secret-check.new");
    tiles_sweep(l->dir, merkle_size(&l->tree));
    return 0;
}

int log_open(struct sealed_log **out, const struct log_config *config, struct diags *diags)
{
    struct sealed_log *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_NOMEM;
    l->config = *config;
    l->maker = (struct commitment_maker){config->secret, config->signer->verifier.name};
    l->lock = -1;
    l->dir = join(config->ledger_dir, ledger_log_name(config->which));
    l->private_dir = private_path(config->ledger_dir, config->which);
    char *lines = l->private_dir ? join(l->private_dir, "disclosures") : NULL;
    int error = l->dir && lines ? 0 : ERR_NOMEM;
    if (!error)
        error = disk_make_dirs(l->dir, 0755, diags);
    if (!error)
        error = refuse_link(l->dir, diags);
    if (!error)
        error = disk_make_dirs(l->private_dir, 0700, diags);
    if (!error)
        error = lock_private(l, diags);
    if (!error)
        error = check_secret(l, false, diags);
    if (!error)
        error = read_checkpoint(l, diags);
    if (!error)
        error = seen_init(&l->seen);
    if (!error)
        error = disclosures_open(&l->disclosures, lines, diags);
    if (!error)
        error = replay_wal(l, diags);
    if (!error)
        error = refuse_unknown_tiles(l, diags);
    if (!error)
        error = check_secret(l, true, diags);
    if (!error)
        error = mend(l, diags);
    free(lines);
    if (error)
        log_close(l);
    *out = error ? NULL : l;
    return error;
}

static int refuse_failed(const struct sealed_log *l, struct diags *diags)
{
    return diag_error(diags, l->failed, diag_file(l->wal.path),
                      "run again when the disk is mended: what is sealed already is not repeated",
                      "the log takes no more entries after an error of the disk");
}

int log_append(struct sealed_log *l, const struct entry_draft *draft, bool *repeated,
               struct diags *diags)
{
    uint8_t digest[SHA256_BYTES];
    *repeated = false;
    if (l->failed)
        return refuse_failed(l, diags);
    int error = entry_check(draft, diags);
    text_clear(&l->bytes);
    if (!error && (error = draft_encode(&l->bytes, draft)))
        diag_error(diags, error, diag_file("entry"), NULL, "entry %s is too large", draft->id);
    if (error)
        return error;
    sha256(digest, l->bytes.data, l->bytes.len);
    const uint8_t *there = seen_draft(&l->seen, draft->id, draft->revision);
    if (there) {
        *repeated = memcmp(there, digest, sizeof digest) == 0;
        return *repeated ? 0
                         : diag_error(diags, ERR_CONFLICT, diag_file(l->dir),
                                      "seal other packets, rules or accords into another ledger",
                                      "entry %s, revision %" PRIu32
                                      ", is sealed already with another content",
                                      draft->id, draft->revision);
    }
    /* Sealed in the order of names, as it will be when the write-ahead log is read again. */
    error = draft_decode(l->bytes.data, l->bytes.len, &l->copy);
    if (!error)
        error = seal(l, &l->copy.draft, diags);
    if (error)
        return error;
    error = wal_append(&l->wal, l->bytes.data, l->bytes.len);
    if (!error)
        error = take_in(l, &l->copy.draft, l->bytes.data, l->bytes.len, diags);
    l->failed = error;
    return error;
}

int log_commit(struct sealed_log *l, struct diags *diags)
{
    if (l->failed)
        return refuse_failed(l, diags);
    l->failed = wal_commit(&l->wal, diags);
    return l->failed;
}

int log_publish(struct sealed_log *l, struct diags *diags)
{
    int error = log_commit(l, diags);
    if (error || log_published(l) == merkle_size(&l->tree))
        return error;
    return publish_from(l, log_published(l), diags);
}

uint64_t log_size(const struct sealed_log *l)
{
    return merkle_size(&l->tree);
}

const char *log_last_act(const struct sealed_log *l, size_t *len)
{
    *len = l->last_act.len;
    return text_str(&l->last_act);
}

uint64_t log_published(const struct sealed_log *l)
{
    return l->has_checkpoint ? l->checkpoint.size : 0;
}

void log_close(struct sealed_log *l)
{
    if (!l)
        return;
    wal_close(&l->wal);
    disclosures_close(&l->disclosures);
    seen_free(&l->seen);
    entry_list_free(&l->entries);
    merkle_free(&l->tree);
    sealed_entry_free(&l->sealed);
    draft_copy_free(&l->copy);
    text_free(&l->bytes);
    text_free(&l->last_act);
    if (l->lock >= 0)
        close(l->lock);
    free(l->dir);
    free(l->private_dir);
    free(l);
}
