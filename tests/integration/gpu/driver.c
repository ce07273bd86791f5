/* An NVIDIA driver as far as ask_cuda.py asks it; DRIVER_* in the environment say what is wrong with it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long set(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

int cuInit(unsigned flags) {
    if (set("DRIVER_CRASHES", 0)) *(volatile int *)0 = 1;
    sleep(set("DRIVER_HANGS_S", 0));
    return set("DRIVER_INIT", 0);
}
int cuDeviceGetCount(int *count) { *count = set("DRIVER_DEVICES", 1); return 0; }
int cuDriverGetVersion(int *version) { *version = set("DRIVER_CUDA", 13000); return 0; }
int cuDeviceGet(int *device, int number) { *device = number; return 0; }
int cuDeviceGetName(char *name, int size, int device) { strncpy(name, "NVIDIA Paper 9000", size); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)16 << 30; return set("DRIVER_TOTAL", 0); }
int cuDeviceGetAttribute(int *value, int number, int device) {
    long capability = set(device ? "DRIVER_SECOND" : "DRIVER_CAPABILITY", 90);
    *value = number == 16 ? 132 : number == 75 ? capability / 10 : capability % 10;
    return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = 0; return set("DRIVER_CONTEXT", 0); }
int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
int cuCtxSetCurrent(void *context) { return 0; }
int cuMemGetInfo_v2(size_t *left, size_t *total) { *left = (size_t)set("DRIVER_FREE_MIB", 15000) << 20; return 0; }
int cuGetErrorName(int code, const char **name) { *name = code == 999 ? "CUDA_ERROR_UNKNOWN" : "CUDA_ERROR"; return 0; }
