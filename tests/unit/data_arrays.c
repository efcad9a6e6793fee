/* Arrays in files that this test writes byte by byte, whole and damaged. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/data.h"

static char place[64];

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

static void write_file(const char *name, const char *a, size_t bytes_a, const void *b, size_t bytes_b)
{
    FILE *file = fopen(path_of(name), "wb");
    CHECK(file != NULL, "cannot write %s", name);
    if (!file) return;
    fwrite(a, 1, bytes_a, file);
    fwrite(b, 1, bytes_b, file);
    fclose(file);
}

static void write_npy(const char *name, int version, const char *header, const void *numbers, size_t bytes)
{
    char text[4096] = "\x93NUMPY";
    size_t length = strlen(header), at = version > 1 ? 12 : 10;
    text[6] = (char)version, text[7] = 0;
    for (size_t i = 8; i < at; i++) text[i] = (char)(length >> 8 * (i - 8));
    memcpy(text + at, header, length);
    write_file(name, text, at + length, numbers, bytes);
}

static void write_safetensors(const char *header, const void *numbers, size_t bytes)
{
    char text[4096] = {0};
    for (size_t i = 0; i < 8; i++) text[i] = (char)(strlen(header) >> 8 * i);
    memcpy(text + 8, header, strlen(header));
    write_file("a.safetensors", text, 8 + strlen(header), numbers, bytes);
}

static psw_status read_heads(const char *path, psw_arrays *arrays)
{
    psw_tensors tensors;
    *arrays = (psw_arrays){0};
    psw_status status = psw_tensors_open(path, &tensors);
    if (status != PSW_OK) return status;
    status = psw_arrays_load(&tensors, NULL, arrays);
    tensors.close(&tensors);
    return status;
}

static double at(const psw_arrays *a, psw_side side, ptrdiff_t i)
{
    const psw_tensor *t = &a->layer[0].side[side];
    return t->single ? (double)((const float *)t->at)[i] : ((const double *)t->at)[i];
}

/* 2 heads of 3 tokens, d = 2, v = 1: k in double, q in single precision and v in half, in all three formats */
static const float q[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12.5F};
static const double k[12] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1e300, -1.1, 1.2};
/* 1, -2, 65504, 2^-24, 2^-14, -0 */
static const uint16_t v[6] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x8000};
static const double v_means[6] = {1, -2, 65504, 0x1p-24, 0x1p-14, 0};

static void write_good(void)
{
    write_npy("q.npy", 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), }   \n", q, sizeof q);
    write_npy("k.npy", 2, "{\"shape\":(2,3,2),'fortran_order':False,'descr':'<f8'}", k, sizeof k);
    write_npy("v.npy", 3, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3, 1,), }\n", v, sizeof v);
}

static void check_good(const char *path)
{
    psw_arrays a;
    psw_status status = read_heads(path, &a);
    CHECK(status == PSW_OK, "%s", psw_message());
    if (status != PSW_OK) return;
    const psw_tensor *side = a.layer[0].side;
    for (int i = 0; i < PSW_SIDES; i++)
        CHECK(side[i].extent.batches == 1 && side[i].extent.heads == 2 && side[i].extent.rows == 3 &&
                  side[i].extent.cols == (i == PSW_VALUE ? 1 : 2),
              "shape of side %d", i);
    for (ptrdiff_t i = 0; i < 12; i++)
        CHECK(at(&a, PSW_QUERY, i) == (double)q[i] && at(&a, PSW_KEY, i) == k[i], "%td", i);
    for (ptrdiff_t i = 0; i < 6; i++) CHECK(at(&a, PSW_VALUE, i) == v_means[i], "%g", at(&a, PSW_VALUE, i));
    CHECK(side[PSW_QUERY].single && !side[PSW_KEY].single && side[PSW_VALUE].single, "precision kept");
    psw_arrays_free(&a);
}

static void three_files_are_read(void)
{
    write_good();
    check_good(place);
}

static const char *const good_header =
    "{\"__metadata__\": {\"format\": \"pt \\u00e9\", \"by\": \"x\"}, "
    "\"layer.0.q\":{\"dtype\":\"F32\",\"shape\":[2,3,2],"
    "\"data_offsets\":[0,48]}, \"mask\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[48,48]},"
    "\"a/"
    "k\":{\"shape\":[2,3,2],\"dtype\":\"F64\",\"data_offsets\":[48,144]},\"v\":{\"dtype\":\"F16\",\"shape\":[2,3,1],"
    "\"data_offsets\":[144,156]}}      ";

static void numbers_of(char numbers[156])
{
    memcpy(numbers, q, 48);
    memcpy(numbers + 48, k, 96);
    memcpy(numbers + 144, v, 12);
}

static void one_file_is_read(void)
{
    char numbers[156];
    numbers_of(numbers);
    write_safetensors(good_header, numbers, sizeof numbers);
    check_good(path_of("a.safetensors"));
}

static void bfloat_is_read(void)
{
    const uint16_t x[6] = {0x3f80, 0xbf80, 0x4049, 1, 0x7f7f, 0};
    psw_arrays a;
    write_safetensors("{\"q\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[0,4]},\"k\":{\"dtype\":\"BF16\","
                      "\"shape\":[1,2],\"data_offsets\":[4,8]},\"v\":{\"dtype\":\"BF16\",\"shape\":[1,2],"
                      "\"data_offsets\":[8,12]}}",
                      x, sizeof x);
    CHECK(read_heads(path_of("a.safetensors"), &a) == PSW_OK, "%s", psw_message());
    const psw_extent *extent = &a.layer[0].side[PSW_QUERY].extent;
    CHECK(extent->heads == 1 && extent->rows == 1 && extent->cols == 2, "one head");
    CHECK(at(&a, PSW_QUERY, 0) == 1 && at(&a, PSW_QUERY, 1) == -1 && at(&a, PSW_KEY, 0) == 3.140625, "bfloat16");
    CHECK(at(&a, PSW_KEY, 1) == 0x1p-133 && at(&a, PSW_VALUE, 0) == 0x1.fep127, "bfloat16 at the ends");
    psw_arrays_free(&a);
}

/* ---- refusals ---- */

static void refused(const char *path, const char *word)
{
    psw_arrays a;
    psw_status status = read_heads(path, &a);
    CHECK(status == PSW_ENVIRONMENT, "'%s' accepted (%s)", word, psw_status_word(status));
    CHECK(strstr(psw_message(), word), "\"%s\" does not say '%s'", psw_message(), word);
    CHECK(a.layer == NULL, "'%s' leaves memory behind", word);
    psw_arrays_free(&a);
}

static void bad_q(int version, const char *header, const void *numbers, size_t bytes, const char *word)
{
    write_good();
    write_npy("q.npy", version, header, numbers, bytes);
    refused(place, word);
}

static void bad_npy_files_are_refused(void)
{
    const float broken[12] = {1, 2, 3, 4, 5, 6, 7, 8, NAN, 10, 11, 12}; /* head 1, token 1, column 0 */
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), }", broken, 48, "q.npy[1, 1, 0]");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), }", q, 44, "needs 48");
    bad_q(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2), }", q, 48, "ascontiguousarray");
    bad_q(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3, 2), }", q, 48, "'>f4'");
    bad_q(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3, 2), }", q, 48, "floating-point");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (12,), }", q, 48, "1 dimensions");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", q, 48, "needs 4");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", q, 0, "empty");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 2), }", q, 48, "number of heads");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 6, 1), }", q, 48, "same width");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 1), }", q, 24, "same width");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2), }", q, 48, "memory");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2), }", q, 48, "damaged");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1), }", q, 4, "damaged");
    bad_q(1, "{'descr': '<f4', 'shape': (2, 3, 2), }", q, 48, "damaged");
    bad_q(1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), }", q, 48, "damaged");
    bad_q(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3, 2), }", q, 48, "damaged");
    bad_q(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), } x", q, 48, "damaged");
    bad_q(1, "", q, 0, "damaged");
    bad_q(4, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), }", q, 48, "format 1, 2 or 3");
    write_good();
    write_file("q.npy", "\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12, q, 4);
    refused(place, "too long");
    write_file("q.npy", "\x93NUMPY\x01\x00\xff\x01", 10, q, 4);
    refused(place, "too early");
    write_file("q.npy", "\x93NUM", 4, q, 0);
    refused(place, "too early");
    unlink(path_of("q.npy"));
    refused(place, "no array 'q.npy'");
    CHECK(mkfifo(path_of("q.npy"), 0600) == 0, "no pipe");
    refused(place, "not a file"); /* and no waiting for somebody to write */
    unlink(path_of("q.npy"));
    write_file("x.csv", "1,2", 3, q, 0);
    refused(path_of("x.csv"), "NAME.safetensors");
    refused(path_of("nowhere"), "cannot be found");
}

static void bad_header(const char *header, const char *word)
{
    char numbers[156];
    numbers_of(numbers);
    write_safetensors(header, numbers, sizeof numbers);
    refused(path_of("a.safetensors"), word);
}

#define QK                                                                                                             \
    "\"q\":{\"dtype\":\"F32\",\"shape\":[2,3,2],\"data_offsets\":[0,48]},\"k\":{\"dtype\":\"F64\",\"shape\":[2,3,2],"  \
    "\"data_offsets\":[48,144]}"
#define V(dtype, shape, offsets) "\"v\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

static void bad_safetensors_files_are_refused(void)
{
    bad_header("{" QK "}", "no tensor 'v'");
    bad_header("{" QK "," V("F16", "2,3,1", "144,158") "}", "do not match its shape");
    bad_header("{" QK "," V("F16", "2,3,1", "156,144") "}", "do not match its shape");
    bad_header("{" QK "," V("F16", "2,3,1", "18446744073709551600,18446744073709551612") "}", "do not match its shape");
    bad_header("{" QK "," V("F16", "2,3,2", "144,156") "}", "do not match its shape");
    bad_header("{" QK "," V("F16", "9223372036854775807,9223372036854775807", "144,156") "}", "memory");
    bad_header("{" QK "," V("I16", "2,3,1", "144,156") "}", "type I16");
    bad_header("{" QK "," V("F16", "6", "144,156") "}", "1 dimensions");
    bad_header("{" QK "," V("F16", "6,1", "144,156") "}", "number of heads");
    bad_header("{" QK
               ",\"a_v\":{\"dtype\":\"F32\",\"shape\":[2,3,2],\"data_offsets\":[0,48]},\"b.v\":{\"dtype\":\"F32\","
               "\"shape\":[2,3,2],\"data_offsets\":[0,48]}}",
               "both match");
    bad_header("{" QK "," V("F16", "2,3,1", "144,156") "," V("F16", "2,3,1", "144,156") "}", "twice");
    bad_header("{" QK "," V("F16", "2,3,1", "144,156"), "damaged");
    bad_header("{" QK "," V("F16", "2,3,1", "144,156") "} x", "damaged");
    bad_header("{" QK "," V("F16", "2,3,-1", "144,156") "}", "damaged");
    bad_header("{" QK "," V("F16", "2,3,1", "144") "}", "damaged");
    bad_header("{" QK "," V("F16", "2,03,1", "144,156") "}", "damaged");
    bad_header("{" QK ",\"v\":{\"dtype\":\"F16\",\"data_offsets\":[144,156]}}", "damaged");
    bad_header("{" QK ",\"v\":{\"dtype\":\"F16\",\"shape\":{\"a\":[]},\"data_offsets\":[144,156]}}", "damaged");
    bad_header("{\"__metadata__\":{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]}}", "damaged");
    bad_header("{\"\\x\":{}}", "damaged");
    bad_header("{\"abc", "damaged");
    bad_header("{\"abc\\", "damaged");
    bad_header("[]", "damaged");
    bad_header("", "damaged");
    write_file("a.safetensors", "\x00\x00\x00\x00\x00\x00\x00\x7f", 8, q, 48);
    refused(path_of("a.safetensors"), "not a .safetensors");
    write_file("a.safetensors", "\x01", 1, q, 0);
    refused(path_of("a.safetensors"), "too early");
}

/* Every file that is one byte shorter or has one byte changed is read or refused, never anything else; under
 * -fsanitize=address this is a small fuzz test. */
static void damage_is_survived(void)
{
    char whole[2048], numbers[156];
    size_t length = strlen(good_header), all = 8 + length + 156, read = 0;
    numbers_of(numbers);
    memset(whole, 0, 8);
    whole[0] = (char)(length & 255), whole[1] = (char)(length >> 8);
    memcpy(whole + 8, good_header, length);
    memcpy(whole + 8 + length, numbers, 156);
    for (size_t i = 0; i < 8 + length; i++) {
        psw_arrays a;
        char kept = whole[i];
        whole[i] = (char)(kept ^ (1 << i % 7));
        write_file("a.safetensors", whole, all, numbers, 0);
        read += read_heads(path_of("a.safetensors"), &a) == PSW_OK;
        psw_arrays_free(&a);
        whole[i] = kept;
    }
    CHECK(read > 0 && read < length, "%zu of %zu damaged files were read", read, length);
    for (size_t cut = 0; cut < all; cut += 7) {
        write_file("a.safetensors", whole, cut, numbers, 0);
        psw_arrays a;
        CHECK(read_heads(path_of("a.safetensors"), &a) == PSW_ENVIRONMENT, "%zu bytes accepted", cut);
    }
}

static void rows_come_from_the_head_asked_for(void)
{
    psw_arrays a;
    psw_data *data;
    double rows[4];
    psw_point p = {.data_kind = PSW_FILE, .method = PSW_EXACT, .beta = 2, .n = 2, .d = 2, .v = 1, .head = 1};
    write_good();
    CHECK(read_heads(place, &a) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(&p, &a, &data) == PSW_OK, "%s", psw_message());
    psw_data_rows(data, 0, PSW_QUERY, 0, 2, rows);
    CHECK(rows[0] == 7 && rows[3] == 10, "queries of head 1");
    psw_data_rows(data, 0, PSW_KEY, 1, 1, rows);
    CHECK(rows[0] == 0.9 && rows[1] == 1e300, "keys of head 1");
    psw_data_rows(data, 0, PSW_VALUE, 0, 2, rows);
    CHECK(rows[0] == 0x1p-24 && rows[1] == 0x1p-14, "values of head 1");
    psw_data_close(data);
    const char *const words[] = {"set d: 2", "set n <= 3", "2 heads", "set d: 2 and v: 1"};
    psw_point bad[4] = {p, p, p, p};
    bad[0].d = 3, bad[1].n = 4, bad[2].head = 2, bad[3].v = 2;
    for (int i = 0; i < 4; i++) {
        CHECK(psw_data_check(&bad[i], &a) == PSW_USAGE, "%s accepted", words[i]);
        CHECK(strstr(psw_message(), words[i]), "\"%s\" does not say %s", psw_message(), words[i]);
    }
    psw_arrays_free(&a);
}

int main(void)
{
    snprintf(place, sizeof place, "arrays-XXXXXX");
    if (!mkdtemp(place)) return 1;
    three_files_are_read();
    one_file_is_read();
    bfloat_is_read();
    bad_npy_files_are_refused();
    bad_safetensors_files_are_refused();
    damage_is_survived();
    rows_come_from_the_head_asked_for();
    const char *const left[] = {"q.npy", "k.npy", "v.npy", "x.csv", "a.safetensors"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) unlink(path_of(left[i]));
    CHECK(rmdir(place) == 0, "files are left in %s", place);
    return test_end();
}
