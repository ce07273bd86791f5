/* Let the real builder of TensorRT for RTX compile an ONNX graph on a processor; nothing is run.
 *
 * rtx_builder FOLDER GRAPH OUT CAPABILITY[,CAPABILITY..] SMALLEST,USUAL,LARGEST
 *
 * FOLDER is that of the package onnxruntime_ep_nv_tensorrt_rtx. Prints the version, layers, bytes and seconds; what the
 * builder complains of goes to standard error. NVIDIA's headers come in no package, so the library's objects are called
 * through their tables, whose order is that of 1.7.1: another version is refused.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VERSION 10701

typedef struct { int32_t n; int64_t d[8]; } Dims;
typedef struct { char const *kind; int32_t major, minor; } Info;
typedef struct { void **table; } Logger;

static int32_t language(Logger *self) { return 0; }
static void destroy(Logger *self) {}
static Info info(Logger *self) { return (Info){"ILogger", 1, 0}; }
static void say(Logger *self, int32_t severity, char const *message) {
    if (severity <= 1) fprintf(stderr, "%s\n", message); /* errors alone */
}

static void *load(char const *folder, char const *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!library) fprintf(stderr, "%s\n", dlerror()), exit(2);
    return library;
}

static void *symbol(void *library, char const *name) {
    void *found = dlsym(library, name);
    if (!found) fprintf(stderr, "%s\n", dlerror()), exit(2);
    return found;
}

/* A public object holds a second one, which does the work and has the table that counts. */
static void *inner(void *object) { return ((void **)object)[1]; }
static void *method(void *object, int slot) { return (*(void ***)object)[slot]; }
#define CALL(result, object, slot, types, ...) ((result(*) types)method(object, slot))(object, ##__VA_ARGS__)

static void *whole(char const *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) perror(path), exit(2);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    void *content = malloc(*size);
    if (fread(content, 1, *size, file) != *size) perror(path), exit(2);
    fclose(file);
    return content;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int count, char **given) {
    if (count != 6) return fprintf(stderr, "rtx_builder FOLDER GRAPH OUT CAPABILITIES BATCHES\n"), 2;
    void *table[] = {language, destroy, destroy, info, say};
    Logger logger = {table};
    void *core = load(given[1], "libtensorrt_rtx.so.1.7.1"), *onnx = load(given[1], "libtensorrt_onnxparser_rtx.so.1.7.1");
    int version = ((int (*)(void))symbol(core, "getInferLibVersion"))();
    int parsers = ((int (*)(void))symbol(onnx, "getNvOnnxParserVersion"))();
    if (version != VERSION) return fprintf(stderr, "TensorRT for RTX is %d here, its tables are known for %d\n", version, VERSION), 2;
    double start_s = now_s();
    void *builder = ((void *(*)(void *, int))symbol(core, "createInferBuilder_INTERNAL"))(&logger, version);
    void *network = CALL(void *, inner(builder), 6, (void *, uint32_t), 0); /* always strongly typed */
    void *parser = ((void *(*)(void *, void *, int))symbol(onnx, "createNvOnnxParser_INTERNAL"))(network, &logger, parsers);
    size_t size;
    void *graph = whole(given[2], &size);
    if (!CALL(_Bool, parser, 0, (void *, void const *, size_t, char const *), graph, size, given[2])) return 4;
    void *config = CALL(void *, inner(builder), 5, (void *));
    int capabilities[8], n = 0;
    for (char *part = strtok(given[4], ","); part && n < 8; part = strtok(NULL, ",")) capabilities[n++] = atoi(part);
    CALL(_Bool, inner(config), 55, (void *, int32_t), n);
    for (int i = 0; i < n; i++)
        if (!CALL(_Bool, inner(config), 57, (void *, int32_t, int32_t), capabilities[i], i)) return 5;
    long batches[3];
    if (sscanf(given[5], "%ld,%ld,%ld", batches, batches + 1, batches + 2) != 3) return 2;
    void *profile = CALL(void *, inner(builder), 7, (void *));
    int inputs = CALL(int32_t, inner(network), 14, (void *));
    for (int i = 0; i < inputs; i++) {
        void *tensor = inner(CALL(void *, inner(network), 15, (void *, int32_t), i));
        char const *name = CALL(char const *, tensor, 3, (void *));
        for (int which = 0; which < 3; which++) {
            Dims shape = CALL(Dims, tensor, 5, (void *));
            shape.d[0] = batches[which];
            if (!CALL(_Bool, inner(profile), 2, (void *, char const *, int32_t, Dims const *), name, which, &shape)) return 5;
        }
    }
    if (CALL(int32_t, inner(config), 23, (void *, void *), profile) < 0) return 5;
    void *plan = CALL(void *, inner(builder), 11, (void *, void *, void *), network, config);
    if (!plan) return 5;
    size_t bytes = CALL(size_t, inner(plan), 3, (void *));
    FILE *out = fopen(given[3], "wb");
    if (!out || fwrite(CALL(void *, inner(plan), 2, (void *)), 1, bytes, out) != bytes || fclose(out)) return perror(given[3]), 2;
    int layers = CALL(int32_t, inner(network), 12, (void *));
    printf("{\"version\": %d, \"layers\": %d, \"bytes\": %zu, \"seconds\": %.1f}\n", version, layers, bytes, now_s() - start_s);
    fflush(stdout);
    _exit(0); /* the library's own end wants a GPU */
}
