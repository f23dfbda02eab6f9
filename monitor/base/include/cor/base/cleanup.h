/*
 * cleanup.h - variables that release what they hold when they go out of scope.
 */
#ifndef COR_BASE_CLEANUP_H
#define COR_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cor_auto_free_(void *p)
{
    free(*(void **)p);
}

/* Keeps errno, so that an error path may close before it reports. */
static inline void cor_auto_close_(const int *fd)
{
    int saved = errno;
    if (*fd >= 0)
        (void)close(*fd);
    errno = saved;
}

#define COR_AUTO_FREE  __attribute__((cleanup(cor_auto_free_)))
#define COR_AUTO_CLOSE __attribute__((cleanup(cor_auto_close_)))

/* Hand a resource over: the variable no longer owns it. */
#define COR_TAKE_PTR(p)                                                                  \
    ({                                                                                   \
        __typeof__(p) taken_ = (p);                                                      \
        (p) = NULL;                                                                      \
        taken_;                                                                          \
    })
#define COR_TAKE_FD(fd)                                                                  \
    ({                                                                                   \
        int taken_ = (fd);                                                               \
        (fd) = -1;                                                                       \
        taken_;                                                                          \
    })

#define COR_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
