/* library.c — dlopen with errors that say what to install. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

wf_status wf_library_load(const char *const *sonames, const char *package,
                          const wf_library_symbol *symbols, size_t n_symbols, wf_error *err) {
  void *handle = NULL;
  for (; *sonames && !handle; sonames++) handle = dlopen(*sonames, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    return wf_fail(err, WF_NOTFOUND, "cannot load %s: %s", package, dlerror());
  }
  for (size_t i = 0; i < n_symbols; i++) {
    void *address = dlsym(handle, symbols[i].name);
    if (!address) {
      dlclose(handle);
      return wf_fail(err, WF_UNSUPPORTED, "%s has no %s", package, symbols[i].name);
    }
    memcpy(symbols[i].pointer, &address, sizeof address);
  }
  return WF_OK;
}
