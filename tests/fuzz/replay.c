/*
 * replay.c - runs a fuzz target over every file of a corpus directory, without libFuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A heap block of exactly the file's size, so that ASan sees one byte too many. */
static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    uint8_t *buf = malloc(1 << 20);
    size_t len = buf ? fread(buf, 1, 1 << 20, f) : 0;
    (void)fclose(f);
    uint8_t *exact = malloc(len ? len : 1);
    if (!buf || !exact)
        abort();
    memcpy(exact, buf, len);
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    free(buf);
    return 0;
}

int main(int argc, char **argv)
{
    int bad = argc != 2, count = 0;
    DIR *d = bad ? NULL : opendir(argv[1]);
    if (!d) {
        (void)fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
        return 2;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char path[4096];
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
        bad |= replay_file(path);
        count++;
    }
    (void)closedir(d);
    (void)printf("%d inputs\n", count);
    return bad || count == 0;
}
