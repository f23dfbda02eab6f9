/*
 * httpd.c - a web server.
 *
 * httpd --ipv4=10.0.0.2/24 [--ipv4-gateway=10.0.0.1] [--port=80]
 *
 * "/" tells what this is, "/hello" greets, "/big" is BIG_SIZE bytes that are always the
 * same. A connection's program takes one request after the other; it takes the next one
 * when the response to the last is wholly in the connection's ring.
 */
#include <coracle.h>
#include <netstack/tcp.h>
#include <nic.h>

#include "http.h"

COR_MANIFEST(COR_NET("service"));

#define BIG_SIZE   (1u << 20)
#define BIG_PERIOD 93u
#define HEAD_MAX   512u
#define PAGE_MAX   2048u
#define ANSWER_MAX                                                     \
    (HEAD_MAX + PAGE_MAX) /* room in the ring before a request is read \
                           */
#define POLL_MAX     (10 * NET_SEC)
#define DEFAULT_PORT 80u

/* What a connection's program remembers. */
struct session {
    const uint8_t *body; /* what is still to be queued */
    size_t left;
    bool closing; /* after it */
};

_Static_assert(sizeof(struct session) <= TCP_STATE_MAX, "session");

static struct net net;
static struct tcp tcp;
static uint64_t requests;
static uint8_t big[BIG_SIZE];

static const char index_page[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Coracle</title>\n"
    "<style>body{font:16px/1.5 sans-serif;max-width:40em;margin:4em auto;padding:0 1em;"
    "color:#223}h1{font-weight:300}td{padding:.1em 1em .1em 0}</style></head>\n"
    "<body><h1>A boat for one</h1>\n"
    "<p>This page comes from a Coracle unikernel: one C program with a network stack of "
    "its own, alone in its virtual machine, with no operating system below it.</p>\n"
    "<table>\n"
    "<tr><td>Up for</td><td>%lu.%03lu s</td></tr>\n"
    "<tr><td>Requests served</td><td>%lu</td></tr>\n"
    "<tr><td>Connections accepted</td><td>%lu</td></tr>\n"
    "<tr><td>Frames in, out</td><td>%lu, %lu</td></tr>\n"
    "<tr><td>Memory</td><td>%lu MiB</td></tr>\n"
    "</table>\n"
    "<p>See also <a href=\"/hello\">/hello</a> and <a href=\"/big\">/big</a>.</p>\n"
    "</body></html>\n";

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 431:
        return "Request Header Fields Too Large";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Bad Request";
    }
}

/* Queues header fields and the body's beginning; there is room for ANSWER_MAX bytes. */
static void answer(struct tcp_conn *c, struct session *s, int status, const char *type,
                   const void *body, size_t len, bool head)
{
    char text[HEAD_MAX];
    size_t n = cor_snprintf(
        text, sizeof(text),
        "HTTP/1.1 %d %s\r\nServer: coracle-httpd\r\nContent-Type: %s\r\n"
        "Content-Length: %zu\r\n%s%s\r\n",
        status, reason(status), type, len, status == 405 ? "Allow: GET, HEAD\r\n" : "",
        s->closing ? "Connection: close\r\n" : "");
    (void)tcp_send(c, text, n);
    if (head)
        return;
    size_t taken = tcp_send(c, body, len);
    s->body = (const uint8_t *)body + taken;
    s->left = len - taken;
}

static void answer_text(struct tcp_conn *c, struct session *s, int status,
                        const char *body, bool head)
{
    answer(c, s, status, "text/plain; charset=utf-8", body, strlen(body), head);
}

static void answer_error(struct tcp_conn *c, struct session *s, int status, bool head)
{
    char body[64];
    (void)cor_snprintf(body, sizeof(body), "%d %s\n", status, reason(status));
    answer_text(c, s, status, body, head);
}

/* A page that is made for each request fits into the ring with its header fields. */
static void answer_index(struct tcp_conn *c, struct session *s, bool head)
{
    char page[PAGE_MAX];
    uint64_t ms = cor_clock_monotonic() / COR_NSEC_PER_MSEC;
    (void)cor_snprintf(page, sizeof(page), index_page, ms / 1000, ms % 1000, requests,
                       tcp.stats.accepted, net.stats.rx_frames, net.stats.tx_frames,
                       cor_boot_info()->mem_size >> 20);
    answer(c, s, 200, "text/html; charset=utf-8", page, strlen(page), head);
}

static bool path_is(const struct http_request *r, const char *path)
{
    return r->path_len == strlen(path) && memcmp(r->path, path, r->path_len) == 0;
}

static void respond(struct tcp_conn *c, struct session *s, const struct http_request *r)
{
    bool head = !r->error && r->method == HTTP_HEAD;
    requests++;
    s->closing = !r->keep_alive;
    if (r->error)
        answer_error(c, s, r->error, false);
    else if (r->method == HTTP_OTHER)
        answer_error(c, s, 405, false);
    else if (path_is(r, "/"))
        answer_index(c, s, head);
    else if (path_is(r, "/hello"))
        answer_text(c, s, 200, "Hello from a Coracle unikernel\n", head);
    else if (path_is(r, "/big"))
        answer(c, s, 200, "application/octet-stream", big, sizeof(big), head);
    else
        answer_error(c, s, 404, head);
}

/* Reads and answers one request. False: there is none to be had now. */
static bool next_request(struct tcp_conn *c, struct session *s)
{
    struct http_request r = {0};
    size_t len;
    const char *data = (const char *)tcp_data(c, &len);
    if (tcp_room(c) < ANSWER_MAX)
        return false;
    size_t used = http_parse(data, len, &r);
    if (used == 0 && len == TCP_RX_SIZE) {
        r.error = 431;
        used = len;
    }
    if (used == 0) {
        if (tcp_finished(c))
            tcp_close(c);
        return false;
    }
    respond(c, s, &r);
    tcp_consume(c, used);
    return true;
}

static void serve(struct tcp_conn *c, void *state)
{
    struct session *s = state;
    do {
        size_t taken = tcp_send(c, s->body, s->left);
        s->body += taken;
        s->left -= taken;
        if (s->left > 0)
            return;
        if (s->closing) {
            tcp_close(c);
            return;
        }
    } while (next_request(c, s));
}

/* The printable characters over and over: once by hand, then in ever larger pieces. */
static void fill_big(void)
{
    size_t done = 0;
    for (; done < BIG_PERIOD; done++)
        big[done] = (uint8_t)('!' + done);
    while (done < sizeof(big)) {
        size_t n = done < sizeof(big) - done ? done : sizeof(big) - done;
        memcpy(big + done, big, n);
        done += n;
    }
}

/* Nobody outside knows when exactly this machine came up. */
static void make_secret(uint64_t secret[2])
{
    secret[0] = cor_clock_wall() ^ cor_clock_tsc() << 20;
    secret[1] = cor_clock_tsc() * 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < sizeof(net.config.mac); i++)
        secret[1] ^= (uint64_t)net.config.mac[i] << 8 * i;
}

static bool parse_port(const char *cmdline, uint16_t *port)
{
    char text[8];
    uint64_t v = DEFAULT_PORT;
    if (cor_option(cmdline, "--port=", text, sizeof(text))) {
        const char *end = cor_number(text, &v);
        if (!end || *end || v < 1 || v > UINT16_MAX) {
            cor_printf("--port: '%s' is not within 1..65535\n", text);
            return false;
        }
    }
    *port = (uint16_t)v;
    return true;
}

static void run(void)
{
    for (;;) {
        bool busy = nic_receive(&net);
        uint64_t now = cor_clock_monotonic();
        tcp_tick(&tcp, now);
        uint64_t next = tcp_deadline(&tcp);
        uint64_t wait = next > now ? next - now : 0;
        if (!busy)
            (void)cor_poll(wait < POLL_MAX ? wait : POLL_MAX, NULL);
    }
}

int cor_main(const char *cmdline)
{
    char where[NIC_ADDR_SIZE];
    uint64_t secret[2];
    uint16_t port;
    if (!parse_port(cmdline, &port) || !nic_open(&net, "service", cmdline))
        return 1;
    fill_big();
    make_secret(secret);
    tcp_listen(&tcp, &net, port, secret, serve);
    cor_printf("httpd: listening on %s:%u\n", nic_addr(&net, where), port);
    run();
    return 0;
}
