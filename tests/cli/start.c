/* start FILE PROGRAM [ARG...]: runs PROGRAM with exactly the environment in FILE, entries ended by
 * NUL: duplicates, entries without '=' and the like, which no shell lets through. Without PROGRAM
 * after
 * `--empty`, with an empty argument vector. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char text[4 * 1024 * 1024];
    static char *environment[65536];
    size_t count = 0;
    if (argc < 3)
        return 2;
    FILE *file = fopen(argv[1], "r");
    if (!file)
        return 2;
    size_t length = fread(text, 1, sizeof text - 1, file);
    for (size_t i = 0; i < length && count < 65535; i += strlen(text + i) + 1)
        environment[count++] = text + i;
    if (strcmp(argv[2], "--empty") == 0 && argc > 3) {
        char *none[] = {NULL};
        execve(argv[3], none, environment);
    } else {
        execve(argv[2], argv + 2, environment);
    }
    perror(argv[2]);
    return 2;
}
