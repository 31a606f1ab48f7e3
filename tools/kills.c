/* Loaded into a process before all else: counts what it writes, syncs, renames and sends, and kills it at the n-th.

   MM_KILL_AT: which one, 0 never; MM_KILL_KIND: of all (0), or only of the writes (1), syncs (2), renames (3) or
   sends (4); MM_KILL_HALF: "1" lets half of its bytes go first; MM_KILL_COUNT: a file of eight numbers that is kept up
   to date: all, writes, syncs, renames, sends, and what the n-th was once it was reached. Only regular files and sockets
   of the internet count. Its children know nothing of it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ALL, WRITE, SYNC, RENAME, SEND, REACHED, NUMBERS = 8 };

static long here[NUMBERS];
static long *numbers = here;
static long at = 0;
static int of = ALL;
static int half = 0;

__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("MM_KILL_AT"), *kind = getenv("MM_KILL_KIND"), *file = getenv("MM_KILL_COUNT");
    half = getenv("MM_KILL_HALF") != NULL;
    if (file != NULL) {
        int descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (descriptor >= 0 && ftruncate(descriptor, sizeof here) == 0) {
            void *shared = mmap(NULL, sizeof here, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
            if (shared != MAP_FAILED) numbers = shared;
        }
        if (descriptor >= 0) close(descriptor);
    }
    at = number != NULL ? atol(number) : 0;
    of = kind != NULL ? atoi(kind) : ALL;
    unsetenv("LD_PRELOAD");
    unsetenv("MM_KILL_AT");
    unsetenv("MM_KILL_KIND");
    unsetenv("MM_KILL_HALF");
    unsetenv("MM_KILL_COUNT");
}

static int kind_of(int file) {
    struct stat found;
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    if (fstat(file, &found) != 0) return 0;
    if (S_ISREG(found.st_mode)) return WRITE;
    if (S_ISSOCK(found.st_mode) && getsockname(file, (struct sockaddr *)&name, &size) == 0)
        return name.ss_family == AF_INET || name.ss_family == AF_INET6 ? SEND : 0;
    return 0;
}

/* Whether this is the one. */
static int reached(int kind) {
    if (kind == 0) return 0;
    long of_kind = __atomic_add_fetch(&numbers[kind], 1, __ATOMIC_SEQ_CST);
    long of_all = __atomic_add_fetch(&numbers[ALL], 1, __ATOMIC_SEQ_CST);
    if ((of != ALL && of != kind) || (of == ALL ? of_all : of_kind) != at) return 0;
    numbers[REACHED] = kind;
    return 1;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(write);
    if (reached(kind_of(file))) {
        if (half && count > 1) real(file, bytes, count / 2);
        die();
    }
    return real(file, bytes, count);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t where) {
    REAL(pwrite64);
    if (reached(kind_of(file))) {
        if (half && count > 1) real(file, bytes, count / 2, where);
        die();
    }
    return real(file, bytes, count, where);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(writev);
    if (reached(kind_of(file))) {
        if (half && count > 1) real(file, parts, count / 2);
        die();
    }
    return real(file, parts, count);
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
    REAL(send);
    if (reached(kind_of(file))) {
        if (half && count > 1) real(file, bytes, count / 2, flags);
        die();
    }
    return real(file, bytes, count, flags);
}

ssize_t sendto(int file, const void *bytes, size_t count, int flags, const struct sockaddr *name, socklen_t size) {
    REAL(sendto);
    if (reached(kind_of(file))) die();
    return real(file, bytes, count, flags, name, size);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    if (reached(kind_of(file))) die();
    return real(file, message, flags);
}

int fsync(int file) {
    REAL(fsync);
    if (reached(SYNC)) die();
    return real(file);
}

int fdatasync(int file) {
    REAL(fdatasync);
    if (reached(SYNC)) die();
    return real(file);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    if (reached(RENAME)) die();
    return real(from, to);
}
