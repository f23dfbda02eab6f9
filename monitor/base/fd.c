/*
 * fd.c - whole reads and writes, and descriptors at fixed numbers.
 */
#include <cor/base/cleanup.h>
#include <cor/base/fd.h>
#include <fcntl.h>

int cor_fd_pread_full(int fd, void *buf, size_t len, uint64_t offset)
{
    char *p = buf;
    while (len > 0) {
        ssize_t n = pread(fd, p, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -ENODATA;
        p += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

int cor_fd_pwrite_full(int fd, const void *buf, size_t len, uint64_t offset)
{
    const char *p = buf;
    while (len > 0) {
        ssize_t n = pwrite(fd, p, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        p += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

int cor_fd_write_full(int fd, const void *buf, size_t len)
{
    const char *p = buf;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int cor_fd_read_all(int fd, size_t cap, char **ret, size_t *len, struct cor_err *err)
{
    COR_AUTO_FREE char *buf = malloc(cap + 2);
    size_t used = 0;
    if (!buf)
        return cor_err_os(err, ENOMEM, "cannot read");
    while (used <= cap) {
        ssize_t n = read(fd, buf + used, cap + 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cor_err_os(err, errno, "cannot read");
        if (n == 0)
            break;
        used += (size_t)n;
    }
    if (used > cap)
        return cor_err_set(err, EFBIG, "larger than %zu bytes", cap);
    buf[used] = '\0';
    *ret = COR_TAKE_PTR(buf);
    *len = used;
    return 0;
}

int cor_fd_move(int fd, int to)
{
    if (fd == to)
        return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : to;
    if (dup3(fd, to, O_CLOEXEC) < 0)
        return -errno;
    (void)close(fd);
    return to;
}
