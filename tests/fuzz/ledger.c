/* What the ledger reads of others: notes, keys, checkpoints, names of tiles, entries, drafts,
 * messages. The first byte says which. Checked: what is accepted is in the one form that this
 * project writes, so writing it again gives the same bytes. */
#include "tests/fuzz/fuzz.h"

#include "base/note.h"
#include "ledger/checkpoint.h"
#include "ledger/commitment.h"
#include "ledger/draft_codec.h"
#include "ledger/sealer_wire.h"
#include "ledger/tiles.h"

static void note(const char *data, size_t len)
{
    struct note_view view;
    struct checkpoint checkpoint;
    size_t at = 0, unknown = 0;
    if (note_parse(data, len, &view, &at)) {
        must(at <= len);
        return;
    }
    must(view.body == data && view.body_len < len && view.n <= NOTE_SIGNATURES_MAX);
    must(view.body[view.body_len - 1] == '\n');
    struct note_verifier key;
    must(note_verifier_parse(
             "example.net/log+9ab06c28+AWBo1g5HkqpM2ufNWXCjFiuDwe70mG4o80aQwPx8l5qJ", &key) != 0 ||
         note_open(&view, &key, &unknown) != 0);
    if (checkpoint_parse(view.body, view.body_len, &checkpoint, &at)) {
        must(at <= view.body_len);
        return;
    }
    struct text again = {0};
    char root[BASE64_ROOM(SHA256_BYTES)];
    base64_encode(root, checkpoint.root, sizeof checkpoint.root, false);
    text_printf(&again, "%s\n%lu\n%s\n", checkpoint.origin, (unsigned long)checkpoint.size, root);
    must(again.len == view.body_len && memcmp(again.data, view.body, again.len) == 0);
    text_free(&again);
}

static void key(const char *text)
{
    struct note_verifier verifier;
    struct note_signer signer;
    struct text again = {0};
    if (note_verifier_parse(text, &verifier) == 0) {
        note_verifier_format(&again, &verifier);
        must(strcmp(text_str(&again), text) == 0);
    }
    text_clear(&again);
    if (note_signer_parse(text, &signer) == 0) {
        note_signer_format(&again, &signer);
        must(strcmp(text_str(&again), text) == 0);
    }
    text_free(&again);
}

static void tile(const char *text)
{
    struct tile_id id;
    char again[TILE_PATH_MAX];
    if (tile_parse(text, &id))
        return;
    must(id.width >= 1 && id.width <= TILE_WIDTH);
    tile_path(&id, again);
    must(strcmp(again, text) == 0);
}

static void entry(const char *data, size_t len)
{
    uint8_t digests[COMMITMENTS_MAX][SHA256_BYTES];
    size_t at = 0;
    const char *why = NULL;
    int n = commitment_parse(data, len, digests, &at, &why);
    if (n < 0) {
        must(at <= len && why);
        return;
    }
    must(n == 16 || n == 32 || n == 64);
    for (int i = 1; i < n; i++)
        must(memcmp(digests[i - 1], digests[i], SHA256_BYTES) != 0);
}

static void draft(const uint8_t *data, size_t len)
{
    static struct draft_copy copy;
    struct text again = {0};
    if (draft_decode(data, len, &copy))
        return;
    must(copy.draft.n <= ENTRY_FIELDS_MAX);
    if (draft_encode(&again, &copy.draft) == 0)
        must(again.len == len && memcmp(again.data, data, len) == 0);
    text_free(&again);
}

static void messages(const uint8_t *data, size_t len)
{
    struct text in = {0};
    struct reader payload;
    struct diags diags = {.limit = 64};
    enum wire_type type;
    size_t at = 0, before = 0;
    text_append(&in, data, len);
    while (wire_next(&in, &at, &type, &payload) == 1) {
        size_t n;
        must(at > before && at <= len);
        before = at;
        wire_u32(&payload);
        wire_error(&payload);
        wire_string(&payload, &n);
        wire_diags(&payload, &diags);
    }
    diags_free(&diags);
    text_free(&in);
}

static void encoding(const char *text, size_t len, bool url)
{
    uint8_t *bytes = malloc(len * 3 / 4 + 1);
    char *again = malloc(BASE64_ROOM(len));
    must(bytes && again);
    long n = base64_decode(bytes, text, len, url);
    if (n >= 0)
        must(base64_encode(again, bytes, (size_t)n, url) == len && memcmp(again, text, len) == 0);
    free(bytes);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1)
        return 0;
    uint8_t *bytes = fuzz_exact(data + 1, len - 1);
    char *text = strndup((const char *)bytes, len - 1);
    must(text);
    switch (data[0]) {
    case 0:
        note((const char *)bytes, len - 1);
        break;
    case 1:
        key(text);
        break;
    case 2:
        tile(text);
        break;
    case 3:
        entry((const char *)bytes, len - 1);
        break;
    case 4:
        draft(bytes, len - 1);
        break;
    case 5:
        messages(bytes, len - 1);
        break;
    case 6:
    case 7:
        encoding((const char *)bytes, len - 1, data[0] & 1);
        break;
    default:
        break;
    }
    free(text);
    free(bytes);
    return 0;
}
