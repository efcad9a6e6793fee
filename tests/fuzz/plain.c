/* Plain files of others, told apart by how they begin: an array of numpy, the status that a run leaves beside its
 * result file, and safetensors for all the rest. */
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "fuzz/fuzz.h"

static bool begins(const uint8_t *data, size_t size, const char *word)
{
    return size >= strlen(word) && memcmp(data, word, strlen(word)) == 0;
}

static void put(const char *path, const uint8_t *data, size_t size)
{
    FILE *stream = fopen(path, "wb");
    MUST(stream && fwrite(data, 1, size, stream) == size && fclose(stream) == 0, "%s cannot be written", path);
}

static void read_state(const char *path)
{
    psw_sweep_state state;
    psw_status status = psw_sweep_state_read(path, &state);
    must_say(status, PSW_ENVIRONMENT);
    if (status != PSW_OK) return;
    MUST(strlen(state.study) < sizeof state.study && state.points >= 0, "%td points", state.points);
}

/* The one file of a directory: without the other two there are no heads. */
static void read_array(const char *directory)
{
    psw_tensors tensors;
    psw_tensor_about about;
    double numbers[64];
    MUST(psw_tensors_open(directory, &tensors) == PSW_OK, "%s cannot be opened", directory);
    psw_status status = tensors.find(&tensors, "q", &about);
    must_say(status, PSW_ENVIRONMENT);
    uint64_t count = 1;
    for (int i = 0; status == PSW_OK && i < about.dims; i++) count *= about.length[i];
    if (status == PSW_OK)
        must_say(tensors.read(&tensors, &about, 0, count < 64 ? count : 64, numbers), PSW_ENVIRONMENT);
    tensors.close(&tensors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char directory[64], array[96], tensors[96], state[96];
    psw_arrays all = {0};
    psw_format(directory, sizeof directory, "%s/polysweep-fuzz.%ld",
               access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    psw_format(array, sizeof array, "%s/q.npy", directory);
    psw_format(tensors, sizeof tensors, "%s/q.safetensors", directory);
    psw_format(state, sizeof state, "%s/q.status.json", directory);
    const char *path = begins(data, size, "\x93NUMPY") ? array : begins(data, size, "{") ? state : tensors;
    mkdir(directory, 0700);
    put(path, data, size);
    if (path == array) read_array(directory);
    if (path == state) *strstr(state, ".status") = '\0', read_state(state);
    if (path == tensors) must_say(psw_store_arrays(tensors, NULL, &all), PSW_ENVIRONMENT);
    psw_arrays_free(&all);
    psw_format(state, sizeof state, "%s/q.status.json", directory);
    unlink(array), unlink(tensors), unlink(state);
    rmdir(directory);
    return 0;
}
