/* The nine functions that TensorRT's Python bindings link to, so that they import without TensorRT.
   What would make an object ends the process, as the real ones do where there is no GPU. */
#include <stdlib.h>

static void *made(void) { *(volatile int *)0 = 1; abort(); }

void *createInferBuilder_INTERNAL(void *logger, int version) { return made(); }
void *createInferRefitter_INTERNAL(void *engine, void *logger, int version) { return made(); }
void *createInferRuntime_INTERNAL(void *logger, int version) { return made(); }
void *createNvOnnxParserRefitter_INTERNAL(void *refitter, void *logger, int version) { return made(); }
void *createNvOnnxParser_INTERNAL(void *network, void *logger, int version) { return made(); }
void *getBuilderPluginRegistry(int capability) { return 0; }
int getNvOnnxParserVersion(void) { return 0; }
void *getPluginRegistry(void) { return 0; }
_Bool initLibNvInferPlugins(void *logger, const char *name) { return 1; }
