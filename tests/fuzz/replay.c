/* The harnesses without libFuzzer: every file named, and every file of a folder named, once. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static size_t inputs;

static int replay_file(const char *path)
{
    struct buffer bytes = {0};
    char chunk[4096];
    size_t length;
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    while ((length = fread(chunk, 1, sizeof chunk, file)) > 0)
        buffer_append(&bytes, chunk, length);
    (void)fclose(file);
    /* Said before, so that the output of a crash names its input. */
    printf("%s\n", path);
    (void)fflush(stdout);
    char *copy = fuzz_copy(buffer_text(&bytes), bytes.length);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)copy, bytes.length);
    inputs++;
    free(copy);
    buffer_finish(&bytes);
    return 0;
}

static int replay_folder(const char *path)
{
    int failed = 0;
    DIR *folder = opendir(path);
    if (!folder) {
        perror(path);
        return 1;
    }
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char *name;
        if (entry->d_name[0] == '.')
            continue;
        if (asprintf(&name, "%s/%s", path, entry->d_name) < 0)
            return 1;
        failed |= replay_file(name);
        free(name);
    }
    (void)closedir(folder);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        struct stat status;
        bool is_folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        failed |= is_folder ? replay_folder(argv[i]) : replay_file(argv[i]);
    }
    printf("%zu inputs\n", inputs);
    return failed || inputs == 0;
}
