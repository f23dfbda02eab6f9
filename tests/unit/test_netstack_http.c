/*
 * test_netstack_http.c - requests, addresses and sums that the guests' network code
 * reads.
 */
#include <httpd/http.h>
#include <netstack/net.h>
#include <netstack/siphash.h>
#include <netstack/wire.h>
#include <string.h>

#include "cor_cmocka.h"

#define H "Host: a\r\n"

struct row {
    const char *text;
    int error;
    enum http_method method;
    const char *path;
    bool keep_alive;
};

static const struct row rows[] = {
    {"GET / HTTP/1.1\r\n" H "\r\n", 0, HTTP_GET, "/", true},
    {"\r\n\r\nGET /hello?x=/ HTTP/1.1\r\n" H "\r\n", 0, HTTP_GET, "/hello", true},
    {"HEAD /big HTTP/1.1\r\nhost:\ta \r\n\r\n", 0, HTTP_HEAD, "/big", true},
    {"GET http://a/b HTTP/1.1\r\n" H "\r\n", 0, HTTP_GET, "/b", true},
    {"GET http://a HTTP/1.1\r\n" H "\r\n", 0, HTTP_GET, "/", true},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, HTTP_OTHER, "*", true},
    {"get / HTTP/1.1\r\n" H "\r\n", 0, HTTP_OTHER, "/", true},
    {"GET / HTTP/1.0\r\n\r\n", 0, HTTP_GET, "/", false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0, HTTP_GET, "/", true},
    {"GET / HTTP/1.1\r\n" H "Connection: foo, CLOSE\r\n\r\n", 0, HTTP_GET, "/", false},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 0, HTTP_GET, "/", true},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n", 0, HTTP_OTHER, "/", false},
    {"GET / HTTP/1.1\r\n\r\n", 400, HTTP_GET, NULL, false},
    {"GET / HTTP/1.1\r\n" H H "\r\n", 400, HTTP_GET, NULL, false},
    {"GET / HTTP/1.1\r\n" H "bad\r\n\r\n", 400, HTTP_GET, NULL, false},
    {"GET / HTTP/1.1\r\n" H " folded: x\r\n\r\n", 400, HTTP_GET, NULL, false},
    {"GET / HTTP/1.1\r\n" H "space : x\r\n\r\n", 400, HTTP_GET, NULL, false},
    {"GET a HTTP/1.1\r\n" H "\r\n", 400, HTTP_GET, NULL, false},
    {"GET /\r\n\r\n", 400, HTTP_GET, NULL, false},
    {" / HTTP/1.1\r\n\r\n", 400, HTTP_GET, NULL, false},
    {"GET / HTTP/2.0\r\n\r\n", 505, HTTP_GET, NULL, false},
    {"GET / HTTP/1x1\r\n\r\n", 400, HTTP_GET, NULL, false},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct http_request q;
        size_t len = strlen(r->text);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(http_parse(r->text, cut, &q), 0);
        assert_int_equal(http_parse(r->text, len, &q), len);
        assert_int_equal(q.error, r->error);
        assert_int_equal(q.keep_alive, r->keep_alive);
        if (r->error)
            continue;
        assert_int_equal(q.method, r->method);
        assert_int_equal(q.path_len, strlen(r->path));
        assert_memory_equal(q.path, r->path, q.path_len);
    }
}

static void test_pipelined(void **state)
{
    static const char text[] =
        "GET /a HTTP/1.1\r\n" H "\r\nGET /b HTTP/1.1\r\n" H "\r\n";
    struct http_request q;
    (void)state;
    size_t first = http_parse(text, sizeof(text) - 1, &q);
    assert_int_equal(first, (sizeof(text) - 1) / 2);
    assert_memory_equal(q.path, "/a", 2);
    assert_int_equal(http_parse(text + first, sizeof(text) - 1 - first, &q), first);
    assert_memory_equal(q.path, "/b", 2);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {"",
                                      "10.0.0.2",
                                      "10.0.0.2/",
                                      "10.0.0.2/33",
                                      "256.0.0.1/8",
                                      "1.2.3/8",
                                      "1.2.3.4/8 ",
                                      "1.2.3.4.5/8",
                                      "a.b.c.d/8",
                                      "1..2.3/8",
                                      "99999999999/1",
                                      "1.2.3.4/-1"};
    uint32_t addr = 0, mask = 0;
    (void)state;
    assert_true(net_parse_cidr("10.0.0.2/24", &addr, &mask));
    assert_int_equal(addr, 0x0a000002);
    assert_int_equal(mask, 0xffffff00);
    assert_true(net_parse_cidr("255.255.255.255/0", &addr, &mask));
    assert_int_equal(mask, 0);
    assert_true(net_parse_cidr("1.2.3.4/32", &addr, &mask));
    assert_int_equal(mask, 0xffffffff);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(net_parse_cidr(bad[i], &addr, &mask));
    assert_true(net_parse_addr("1.2.3.4", &addr));
    assert_int_equal(addr, 0x01020304);
    assert_false(net_parse_addr("1.2.3.4/8", &addr));
}

/* The example of RFC 1071 section 3; the sum of all parts is that of the whole. */
static void test_checksum(void **state)
{
    static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    (void)state;
    assert_int_equal(wire_checksum(wire_sum(0, data, 8)), (uint16_t)~0xddf2);
    assert_int_equal(wire_checksum(wire_sum(wire_sum(0, data, 2), data + 2, 6)),
                     (uint16_t)~0xddf2);
    assert_int_equal(wire_checksum(wire_sum(0, data, 3)), (uint16_t)~0xf201);
    assert_int_equal(wire_checksum(0), 0xffff);
}

/* The reference implementation's vector for 16 bytes. */
static void test_siphash(void **state)
{
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    (void)state;
    assert_true(siphash(key, key[0], key[1]) == 0x3f2acc7f57c29bdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),  cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_siphash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
