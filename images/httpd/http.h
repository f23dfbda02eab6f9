/*
 * http.h - one HTTP/1 request.
 */
#ifndef HTTPD_HTTP_H
#define HTTPD_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
    int error; /* 0, or the status to answer with before the connection is closed */
    enum http_method method;
    const char *path; /* in the request; not terminated, without query */
    size_t path_len;
    bool keep_alive; /* more requests may follow on the connection */
};

/**
 * http_parse() - read a request's line and header fields.
 * @data: foreign bytes, from the start of a request
 * @len: their number
 * @ret: the request, written when the result is not 0; points into @data
 *
 * Spec: RFC 9112.
 *
 * Return: the bytes of the request, without its body; 0 when its end is not there yet.
 */
size_t http_parse(const char *data, size_t len, struct http_request *ret);

#endif
