/* Runs committed inputs through a fuzz target, without a fuzzer: each file of the folders and each
 * file named. Ends 1 when there was none. A target stops the program itself when something does not
 * hold; the input is named before.
 *
 *   TARGET FOLDER|FILE...
 */
#include "tests/fuzz/fuzz.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <sys/stat.h>

static unsigned long inputs;

static int run_file(const char *path)
{
    struct text text = {0};
    printf("%s\n", path);
    fflush(stdout);
    if (file_read(path, 1 << 24, &text)) {
        printf("cannot be read\n");
        return 1;
    }
    uint8_t *copy = fuzz_exact(text.data, text.len);
    LLVMFuzzerTestOneInput(copy, text.len);
    free(copy);
    text_free(&text);
    inputs++;
    return 0;
}

static int run_path(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return 0; /* a target without regressions has no such folder */
    if (!S_ISDIR(st.st_mode))
        return run_file(path);
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort), bad = n < 0;
    for (int i = 0; i < n; i++) {
        struct text file = {0};
        text_printf(&file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            bad |= run_file(text_str(&file));
        text_free(&file);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= run_path(argv[i]);
    printf("%lu inputs\n", inputs);
    return bad || inputs == 0;
}
