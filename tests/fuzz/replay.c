/* Runs the harness on every file of the directories that are named: replay of what fuzzing found worth keeping. */
#include <dirent.h>

#include "fuzz/fuzz.h"

static long files;

static void run_file(const char *path)
{
    FILE *stream = fopen(path, "rb");
    MUST(stream, "%s cannot be read", path);
    fseek(stream, 0, SEEK_END);
    size_t size = (size_t)ftell(stream);
    uint8_t *data = malloc(size ? size : 1); /* of the very size, so that a sanitizer sees a byte too many */
    MUST(data, "no memory for %s", path);
    rewind(stream);
    MUST(fread(data, 1, size, stream) == size, "%s cannot be read", path);
    fclose(stream);
    fprintf(stderr, "%s\n", path); /* the last one printed is the one that ends a run */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    files++;
}

static void run_directory(const char *path)
{
    DIR *directory = opendir(path);
    MUST(directory, "%s cannot be read", path);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char file[4096];
        if (entry->d_name[0] == '.') continue;
        psw_format(file, sizeof file, "%s/%s", path, entry->d_name);
        run_file(file);
    }
    closedir(directory);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) run_directory(argv[i]);
    fprintf(stderr, "%ld inputs\n", files);
    return files == 0;
}
