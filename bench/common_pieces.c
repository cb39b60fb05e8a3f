/* common_pieces: which four bytes are common in payload, for rules/literal.c, which looks for what
 * is not.
 *
 *   common_pieces LIST > rules/common_pieces.inc     LIST names captures, one a line
 *
 * Letters count in lower case. Of each capture the first MiB of payload counts, so that no one
 * outweighs the others. Prints, in ascending order of their bytes as a number in memory's order,
 * those that are there at least once in 64 KiB, with -log2 of their frequency: `P(number, bits)`.
 */
#include "bench/bare_payload.h"
#include "rules/literal_set.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPTURE_BYTES (1u << 20)
#define SLOTS         (1u << 25)
#define BITS_MAX      16

static struct {
    uint32_t piece, n;
} * slots; /* open addressing; n 0: empty */
static uint64_t bytes, pieces;

static void count(uint32_t piece)
{
    uint32_t at = piece * UINT32_C(0x9e3779b1) % SLOTS;
    while (slots[at].n && slots[at].piece != piece)
        at = (at + 1) % SLOTS;
    if (slots[at].n++ == 0) {
        slots[at].piece = piece;
        if (++pieces == SLOTS / 4 * 3) {
            fprintf(stderr, "common_pieces: more different pieces than there is room for\n");
            exit(1);
        }
    }
}

static void take(const char *path)
{
    struct bare_payload payload = {0};
    struct diags diags = {0};
    uint32_t left = CAPTURE_BYTES;
    bare_payload_read(&payload, path, &diags); /* what was read before a fault counts */
    for (size_t i = 0; i < payload.n && left; i++) {
        const struct bare_span *span = &payload.spans[i];
        uint32_t len = span->len < left ? span->len : left;
        left -= len;
        bytes += len;
        for (uint32_t k = 0; k + 4 <= len; k++)
            count(literal_probe_key(span->data + k, 4));
    }
    bare_payload_free(&payload);
    diags_free(&diags);
}

static int by_piece(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
    char *line = NULL;
    size_t room = 0;
    slots = calloc(SLOTS, sizeof *slots);
    if (!list || !slots) {
        fprintf(stderr, "common_pieces: a list of captures is expected\n");
        return 1;
    }
    for (ssize_t n; (n = getline(&line, &room, list)) > 0;) {
        line[n - (line[n - 1] == '\n')] = 0;
        take(line);
    }
    free(line);
    fclose(list);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < SLOTS; i++)
        if (slots[i].n && -log2((double)slots[i].n / (double)bytes) <= BITS_MAX)
            slots[kept++] = slots[i];
    qsort(slots, kept, sizeof *slots, by_piece);
    printf("/* Made by bench/common_pieces.c of %" PRIu64 " bytes: four bytes, bits. */\n", bytes);
    for (uint32_t i = 0; i < kept; i++)
        printf("P(0x%08x, %ld)%c", slots[i].piece,
               lround(-log2((double)slots[i].n / (double)bytes)),
               i % 5 == 4 || i + 1 == kept ? '\n' : ' ');
    free(slots);
    return 0;
}
