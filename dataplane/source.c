/* Opening by what it is, and filling blocks.
 *
 * Bytes come to lie one behind the other in a block. When what is wanted does not fit into the rest
 * of it, the part that is there already is copied to the front of the next block; so at most a
 * window is copied for each block, and memory does not depend on the length of the input. A wait,
 * for a pipe or for a block, is the caller's: ERR_AGAIN.
 */
#include "dataplane/source.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* take_descriptor: open, or take standard input. Without O_NONBLOCK the open of a FIFO would wait
 * for its writer, and the other inputs with it. */
static int take_descriptor(const char *path, const char *name, struct diags *diags)
{
    bool standard = strcmp(path, "-") == 0;
    if (standard && isatty(STDIN_FILENO))
        return diag_error(diags, ERR_USAGE, diag_file(name), "give it a capture: ... < FILE",
                          "it is a terminal");
    int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                      : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0)
        return fd;
    int error = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    return diag_error(diags, error, diag_file(name),
                      errno == EMFILE ? "raise the number of open files (ulimit -n)" : NULL,
                      "cannot be opened: %s", strerror(errno));
}

/* is_packed: by the marks that unpack.c knows as well; a file without them is mapped. */
static bool is_packed(int fd)
{
    uint8_t b[4] = {0};
    if (pread(fd, b, sizeof b, 0) < 2)
        return false;
    return unpacker_knows(b, sizeof b);
}

static int open_descriptor(struct source *s, int fd, struct diags *diags)
{
    struct diag_pos pos = diag_file(s->name);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return diag_error(diags, ERR_IO, pos, NULL, "cannot be examined: %s", strerror(errno));
    bool regular = S_ISREG(st.st_mode);
    if (S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
        return diag_error(diags, ERR_UNSUPPORTED, pos, "give a file, a pipe or a folder of files",
                          "%s is no capture", S_ISDIR(st.st_mode) ? "a folder" : "a block device");
    if (regular && st.st_size == 0)
        return diag_error(diags, ERR_CORRUPT, pos, NULL, "the file is empty: not a capture");
    /* Standard input may be a file that was read in part. */
    if (regular && lseek(fd, 0, SEEK_CUR) == 0 && !is_packed(fd) &&
        file_map_open(&s->map, fd, (size_t)st.st_size) == 0) {
        s->at = s->map.data;
        s->ready = s->map_size = s->map.size;
        return 0;
    }
    s->packed_size = regular ? (uint64_t)st.st_size : 0;
    return unpacker_open(&s->unpacker, fd);
}

int source_open(struct source *s, const char *path, const char *name, struct block_pool *pool,
                struct diags *diags)
{
    *s = (struct source){.name = name, .pool = pool};
    int fd = take_descriptor(path, name, diags);
    if (fd < 0)
        return fd;
    int error = open_descriptor(s, fd, diags);
    if (error)
        close(fd);
    return error;
}

void source_close(struct source *s)
{
    file_map_close(&s->map);
    unpacker_close(s->unpacker);
    block_release(s->block);
    *s = (struct source){0};
}

struct source source_over(const struct source *map, size_t size)
{
    return (struct source){.at = map->map.data, .ready = size, .name = map->name, .ended = true};
}

/* room_for: at least n bytes of block from `at` on; 0 or ERR_AGAIN. */
static int room_for(struct source *s, size_t n)
{
    if (s->block && n <= BLOCK_BYTES - (size_t)(s->at - s->block->data))
        return 0;
    struct block *next = block_take(s->pool);
    if (!next)
        return ERR_AGAIN;
    if (s->ready)
        memcpy(next->data, s->at, s->ready);
    block_release(s->block);
    s->block = next;
    s->at = next->data;
    return 0;
}

/* fill_up: until n bytes are ready. */
static int fill_up(struct source *s, size_t n)
{
    while (s->ready < n) {
        if (s->ended)
            return 0;
        int error = room_for(s, n);
        if (error)
            return error;
        uint8_t *behind = s->block->data + (s->at - s->block->data) + s->ready;
        size_t room = (size_t)(s->block->data + BLOCK_BYTES - behind);
        int64_t got = unpacker_read(s->unpacker, behind, room);
        if (got == ERR_AGAIN)
            return ERR_AGAIN;
        s->ended = got <= 0;
        s->failure = got < 0 ? (int)got : 0;
        s->ready += got > 0 ? (size_t)got : 0;
    }
    return 1;
}

int source_fill(struct source *s, size_t n)
{
    if (!s->unpacker)
        return 0;
    if (!s->head_done) {
        if (fill_up(s, SOURCE_HEAD) == ERR_AGAIN)
            return ERR_AGAIN;
        s->head_len = s->ready < SOURCE_HEAD ? s->ready : SOURCE_HEAD;
        memcpy(s->head, s->at, s->head_len);
        s->head_done = true;
    }
    return fill_up(s, n);
}

int source_skip(struct source *s, uint64_t *left)
{
    while (*left) {
        int got = source_want(s, 1);
        if (got != 1)
            return got;
        size_t n = s->ready < *left ? s->ready : (size_t)*left;
        source_take(s, n);
        *left -= n;
    }
    return 1;
}

int source_end(const struct source *s, uint64_t number, struct diags *diags)
{
    if (!s->failure)
        return 0;
    struct diag_pos pos = {.file = s->name, .packet = number};
    return diag_error(diags, s->failure, pos, "the packets before it are good",
                      "%s, before the end of packet %" PRIu64, unpacker_why(s->unpacker), number);
}

bool source_shrunk(struct source *s)
{
    size_t now;
    if (!s->map.data || !file_map_shrunk(&s->map, &now) || now >= s->map_size)
        return false;
    s->map_size = now;
    return true;
}

void source_progress(const struct source *s, uint64_t *position, uint64_t *size)
{
    *position = s->unpacker ? unpacker_taken(s->unpacker) : s->position;
    *size = s->map.data ? s->map.size : s->packed_size ? s->packed_size : *position;
}

struct bytes source_head(const struct source *s)
{
    if (!s->map.data)
        return (struct bytes){s->head, s->head_len};
    return (struct bytes){s->map.data, s->map.size < SOURCE_HEAD ? s->map.size : SOURCE_HEAD};
}
