/*
 * nic.c - a guest's network device under the network stack.
 */
#include "nic.h"

#include <coracle.h>

#define BATCH 64 /* frames before the caller gets to its timers */

static unsigned int handle;
static uint8_t rx[NET_FRAME_MAX];

static void send(void *ctx, const uint8_t *frame, size_t len)
{
    (void)ctx;
    (void)cor_net_write(handle, frame, len);
}

static bool addresses(const char *cmdline, struct net_config *c)
{
    char text[32];
    if (!cor_option(cmdline, "--ipv4=", text, sizeof(text))) {
        cor_puts("no address: give --ipv4=ADDRESS/BITS\n");
        return false;
    }
    if (!net_parse_cidr(text, &c->addr, &c->mask) || c->addr == 0) {
        cor_printf("--ipv4: '%s' is not of the form 10.0.0.2/24\n", text);
        return false;
    }
    if (cor_option(cmdline, "--ipv4-gateway=", text, sizeof(text)) &&
        !net_parse_addr(text, &c->gateway)) {
        cor_printf("--ipv4-gateway: '%s' is not an address\n", text);
        return false;
    }
    return true;
}

bool nic_open(struct net *n, const char *device, const char *cmdline)
{
    struct net_config c = {.send = send};
    handle = cor_device_find(device);
    if (!handle) {
        cor_printf("there is no device '%s'\n", device);
        return false;
    }
    const struct cor_mft_entry *e = cor_device(handle);
    memcpy(c.mac, e->u.net.mac, sizeof(c.mac));
    c.mtu = e->u.net.mtu;
    if (!addresses(cmdline, &c))
        return false;
    net_init(n, &c);
    net_announce(n, cor_clock_monotonic());
    return true;
}

bool nic_receive(struct net *n)
{
    for (int i = 0; i < BATCH; i++) {
        uint64_t len = sizeof(rx);
        if (cor_net_read(handle, rx, &len) != COR_HVT_OK)
            return i > 0;
        net_input(n, rx, len, cor_clock_monotonic());
    }
    return true;
}

const char *nic_addr(const struct net *n, char text[NIC_ADDR_SIZE])
{
    uint32_t a = n->config.addr;
    (void)cor_snprintf(text, NIC_ADDR_SIZE, "%u.%u.%u.%u", a >> 24, a >> 16 & 255,
                       a >> 8 & 255, a & 255);
    return text;
}
