/* An accord or one of the files beside it. The first byte says which; the others are the shipped
 * ones, and a changed annex gets its new root into the accord, so that it is read to its end.
 * Checked: what loads is what is written, and its canonical form loads with the same digest. */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/correlate/accord_meaning.h"
#include "tests/unit/temporary.h"

static const char *const names[] = {"amber-own.yaml", "amber.assets.yaml", "amber.assets.salts",
                                    "amber.networks.yaml", "amber.networks.salts"};
enum { ACCORD, ASSETS, ASSETS_SALTS, NETWORKS, NETWORKS_SALTS, FILES };

static struct text shipped[FILES];
static char folder[TEMPORARY_ROOM];

static const char *in_folder(const char *name, char out[TEMPORARY_FILE])
{
    snprintf(out, TEMPORARY_FILE, "%s/%s", folder, name);
    return out;
}

static void put(const char *name, const void *data, size_t len)
{
    char path[TEMPORARY_FILE];
    FILE *file = fopen(in_folder(name, path), "w");
    must(file && (len == 0 || fwrite(data, len, 1, file) == 1) && fclose(file) == 0);
}

static void clean(void)
{
    char path[TEMPORARY_FILE];
    for (unsigned i = 0; i < FILES; i++)
        unlink(in_folder(names[i], path));
    unlink(in_folder("again.yaml", path));
    rmdir(folder);
}

static void start(void)
{
    temporary_folder(folder);
    atexit(clean);
    for (unsigned i = 0; i < FILES; i++) {
        struct text path = {0};
        text_printf(&path, "%s/%s", FUZZ_ACCORDS, names[i]);
        must(file_read(text_str(&path), 1 << 20, &shipped[i]) == 0);
        text_free(&path);
        put(names[i], shipped[i].data, shipped[i].len);
    }
}

/* put_accord: the shipped accord with the root of one annex made another. */
static void put_accord(const char *annex, const char root[65])
{
    struct text text = {0};
    text_append(&text, shipped[ACCORD].data, shipped[ACCORD].len);
    char *at = strstr(text.data, annex);
    must(at && (at = strstr(at, "root: \"")));
    memcpy(at + strlen("root: \""), root, 64);
    put(names[ACCORD], text.data, text.len);
    text_free(&text);
}

/* load: as the accord's first party; the fault of what loads is a fault of the program. */
static void load(void)
{
    char path[TEMPORARY_FILE], again[TEMPORARY_FILE];
    struct diags diags = {.limit = 64};
    struct accord *a = NULL;
    in_folder(names[ACCORD], path);
    in_folder("again.yaml", again);
    if (accord_read(&a, path, &diags) == 0) {
        const char *fault = accord_meaning_fault(a, path, again);
        if (fault)
            fprintf(stderr, "%s\n", fault);
        must(!fault);
        int error = accord_annexes(a, &a->parties[0], &diags);
        must(error || accord_hosts(a)->assets);
    } else {
        must(diags.errors > 0);
    }
    accord_destroy(a);
    diags_free(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!shipped[0].data)
        start();
    if (len < 1 || len > 65536 || data[0] >= FILES)
        return 0;
    unsigned which = data[0];
    put(names[which], data + 1, len - 1);
    if (which != ACCORD) {
        char annex[TEMPORARY_FILE], salts[TEMPORARY_FILE], again[TEMPORARY_FILE], root[65];
        struct diags diags = {.limit = 64};
        const char *name = names[which < NETWORKS ? ASSETS : NETWORKS];
        in_folder(name, annex);
        in_folder(names[which < NETWORKS ? ASSETS_SALTS : NETWORKS_SALTS], salts);
        if (accord_annex_root(annex, NULL, false, root, &diags) == 0) {
            const char *fault =
                annex_meaning_fault(annex, salts, root, in_folder("again.yaml", again));
            if (fault)
                fprintf(stderr, "%s\n", fault);
            must(!fault);
            put_accord(name, root);
        } else {
            must(diags.errors > 0);
        }
        diags_free(&diags);
    }
    load();
    put(names[which], shipped[which].data, shipped[which].len);
    put(names[ACCORD], shipped[ACCORD].data, shipped[ACCORD].len);
    return 0;
}
