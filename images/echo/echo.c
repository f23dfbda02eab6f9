/*
 * echo.c - answers ping, and sends every datagram to port 7 back to its sender.
 *
 * echo --ipv4=10.0.0.2/24 [--ipv4-gateway=10.0.0.1]
 * Spec: RFC 862.
 */
#include <coracle.h>
#include <netstack/udp.h>
#include <nic.h>

COR_MANIFEST(COR_NET("service"));

#define PORT 7

static struct net net;
static struct udp udp;

/* Two echo services must not keep each other busy for ever. */
static void echo(struct udp *u, uint32_t from, uint16_t from_port, const uint8_t *data,
                 size_t len)
{
    if (from_port != PORT && from_port != 0)
        udp_send(u, from, from_port, data, len);
}

int cor_main(const char *cmdline)
{
    char where[NIC_ADDR_SIZE];
    if (!nic_open(&net, "service", cmdline))
        return 1;
    udp_listen(&udp, &net, PORT, echo);
    cor_printf("echo: listening on %s:%d\n", nic_addr(&net, where), PORT);
    for (;;) {
        if (!nic_receive(&net))
            (void)cor_poll(NET_SEC, NULL);
    }
}
