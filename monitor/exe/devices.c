/*
 * devices.c - image, disks and taps, from paths and names to descriptors.
 */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cor/base/cleanup.h>

static int open_image(const char *path, int *ret, struct cor_err *err)
{
    struct stat st;
    COR_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return cor_err_os(err, errno, "image %s", path);
    if (!S_ISREG(st.st_mode))
        return cor_err_set(err, ENOEXEC, "image %s: not a regular file", path);
    *ret = COR_TAKE_FD(fd);
    return 0;
}

static int open_disk(const struct mon_dev_arg *a, int *ret, struct cor_err *err)
{
    char path[4096];
    struct stat st;
    if (a->value_len >= sizeof(path))
        return cor_err_set(err, ENAMETOOLONG, "block device '%s': path too long",
                           a->name);
    memcpy(path, a->value, a->value_len);
    path[a->value_len] = '\0';
    COR_AUTO_CLOSE int fd = open(path, (a->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC |
                                           O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return cor_err_os(err, errno, "block device '%s': %s", a->name, path);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return cor_err_set(err, EINVAL,
                           "block device '%s': %s is neither a file nor a block device",
                           a->name, path);
    if (flock(fd, (a->readonly ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0)
        return cor_err_set(err, EBUSY,
                           "block device '%s': %s is in use by another monitor",
                           a->name, path);
    *ret = COR_TAKE_FD(fd);
    return 0;
}

/* The interface's MTU; it must exist and be up. */
static int look_up(const struct mon_dev_arg *a, struct ifreq *ifr, uint16_t *mtu,
                   struct cor_err *err)
{
    COR_AUTO_CLOSE int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return cor_err_os(err, errno, "net device '%s': cannot ask for interfaces",
                          a->name);
    if (ioctl(s, SIOCGIFFLAGS, ifr) < 0)
        return cor_err_os(err, errno, "net device '%s': interface %s", a->name,
                          ifr->ifr_name);
    if (!(ifr->ifr_flags & IFF_UP))
        return cor_err_set(err, ENETDOWN,
                           "net device '%s': interface %s is down (ip link set %s up)",
                           a->name, ifr->ifr_name, ifr->ifr_name);
    if (ioctl(s, SIOCGIFMTU, ifr) == 0 && ifr->ifr_mtu >= 68 && ifr->ifr_mtu <= 65535)
        *mtu = (uint16_t)ifr->ifr_mtu;
    return 0;
}

static int open_tap(const struct mon_dev_arg *a, struct cor_config_dev *d,
                    struct cor_err *err)
{
    struct ifreq ifr = {0};
    if (strlen(a->value) >= IFNAMSIZ || !a->value[0])
        return cor_err_set(err, EINVAL, "net device '%s': '%s' is no interface name",
                           a->name, a->value);
    memcpy(ifr.ifr_name, a->value, strlen(a->value));
    int r = look_up(a, &ifr, &d->mtu, err);
    if (r < 0)
        return r;
    COR_AUTO_CLOSE int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return cor_err_os(err, errno, "net device '%s': /dev/net/tun", a->name);
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(fd, TUNSETIFF, &ifr) < 0)
        return cor_err_os(err, errno, "net device '%s': interface %s is not a free tap",
                          a->name, a->value);
    if (strcmp(ifr.ifr_name, a->value) != 0)
        return cor_err_set(err, ENODEV, "net device '%s': interface %s has gone",
                           a->name, a->value);
    d->fd = COR_TAKE_FD(fd);
    return 0;
}

static int take_tap(const struct mon_dev_arg *a, int fd, struct cor_config_dev *d,
                    struct cor_err *err)
{
    struct ifreq ifr = {0};
    struct cor_err ignored;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return cor_err_os(err, errno, "net device '%s': descriptor %d", a->name, fd);
    if (ioctl(fd, TUNGETIFF, &ifr) < 0 || !(ifr.ifr_flags & IFF_TAP))
        return cor_err_set(err, EINVAL, "net device '%s': descriptor %d is not a tap",
                           a->name, fd);
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return cor_err_os(err, errno, "net device '%s': descriptor %d", a->name, fd);
    /* Its interface may live in another network namespace: then 1500 it is. */
    (void)look_up(a, &ifr, &d->mtu, &ignored);
    d->fd = fd;
    return 0;
}

static int open_net(const struct mon_dev_arg *a, struct cor_config_dev *d,
                    struct cor_err *err)
{
    int fd = mon_option_fd(a->value);
    d->has_mac = true;
    memcpy(d->mac, a->mac, sizeof(d->mac));
    if (!a->has_mac) {
        if (getrandom(d->mac, sizeof(d->mac), 0) != (ssize_t)sizeof(d->mac))
            return cor_err_os(err, errno, "net device '%s': no random MAC", a->name);
        d->mac[0] = (uint8_t)((d->mac[0] & 0xfe) | 2);
    }
    return fd >= 0 ? take_tap(a, fd, d, err) : open_tap(a, d, err);
}

int mon_devices_open(const struct mon_options *o, struct cor_config *c,
                     struct cor_err *err)
{
    int r = open_image(o->image, &c->image_fd, err);
    for (unsigned int i = 0; r == 0 && i < o->ndevs; i++) {
        const struct mon_dev_arg *a = &o->dev[i];
        struct cor_config_dev *d = &c->dev[i];
        d->fd = -1;
        d->type = a->net ? COR_CONFIG_NET : COR_CONFIG_BLOCK;
        d->readonly = a->readonly;
        d->sector_size = a->sector_size;
        memcpy(d->name, a->name, sizeof(d->name));
        r = a->net ? open_net(a, d, err) : open_disk(a, &d->fd, err);
        c->ndevs = i + 1;
    }
    return r;
}
