/* Loaded into a process before all else: its syncs take as many milliseconds longer as a file says, while there is one.

   MM_SLOW_DISK: the file. Processes that it starts know nothing of it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char file[4096];

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("MM_SLOW_DISK");
    if (name != NULL) strncpy(file, name, sizeof file - 1);
    unsetenv("LD_PRELOAD");
    unsetenv("MM_SLOW_DISK");
}

static void hang(void) {
    char text[16] = "";
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    if (read(descriptor, text, sizeof text - 1) > 0)
        /* By pieces: it is over when the file goes. */
        for (long left = atol(text); left > 0 && access(file, F_OK) == 0; left -= 20) usleep(20000);
    close(descriptor);
}

int fsync(int descriptor) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    hang();
    return real(descriptor);
}

int fdatasync(int descriptor) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    hang();
    return real(descriptor);
}
