/*
 * http.c - one HTTP/1 request.
 *
 * A request with a body is read without it, and is the last one of its connection: what
 * follows would have to be understood to be skipped.
 */
#include "http.h"

struct text {
    const char *at;
    size_t len;
};

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Whether @t is @word, which is in lower case, in any case. */
static bool is_word(struct text t, const char *word)
{
    size_t i = 0;
    while (i < t.len && word[i] && lower(t.at[i]) == word[i])
        i++;
    return i == t.len && !word[i];
}

static bool is(struct text t, const char *word)
{
    return t.len == __builtin_strlen(word) && __builtin_memcmp(t.at, word, t.len) == 0;
}

/* Cuts @t at the first @c: what is before it is returned, @t becomes what is behind. */
static bool cut(struct text *t, char c, struct text *ret)
{
    const char *p = t->at;
    size_t left = t->len;
    while (left > 0 && *p != c) {
        p++;
        left--;
    }
    if (left == 0)
        return false;
    *ret = (struct text){t->at, t->len - left};
    *t = (struct text){p + 1, left - 1};
    return true;
}

static struct text trim(struct text t)
{
    while (t.len > 0 && (t.at[0] == ' ' || t.at[0] == '\t')) {
        t.at++;
        t.len--;
    }
    while (t.len > 0 && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
        t.len--;
    return t;
}

/* One line without its CR LF, off the front of @t. */
static bool take_line(struct text *t, struct text *line)
{
    if (!cut(t, '\n', line) || line->len == 0 || line->at[line->len - 1] != '\r')
        return false;
    line->len--;
    return true;
}

/* "/path?query", or the same behind "http://host". */
static bool take_target(struct text t, struct http_request *r)
{
    static const char scheme[] = "http://";
    const size_t skip = sizeof(scheme) - 1;
    struct text before;
    if (t.len >= skip && is_word((struct text){t.at, skip}, scheme)) {
        t.at += skip;
        t.len -= skip;
        while (t.len > 0 && *t.at != '/') {
            t.at++;
            t.len--;
        }
        if (t.len == 0)
            t = (struct text){"/", 1};
    }
    if (t.len == 0 || *t.at != '/')
        return false;
    if (cut(&t, '?', &before))
        t = before;
    r->path = t.at;
    r->path_len = t.len;
    return true;
}

static int take_request_line(struct text line, struct http_request *r, bool *http11)
{
    struct text method, target;
    if (!cut(&line, ' ', &method) || method.len == 0 || !cut(&line, ' ', &target))
        return 400;
    if (line.len != 8 || !is((struct text){line.at, 5}, "HTTP/") || line.at[6] != '.')
        return 400;
    if (line.at[5] != '1')
        return 505;
    *http11 = line.at[7] != '0';
    r->keep_alive = *http11;
    r->method = HTTP_OTHER;
    if (is(method, "GET"))
        r->method = HTTP_GET;
    else if (is(method, "HEAD"))
        r->method = HTTP_HEAD;
    if (is(target, "*") && r->method == HTTP_OTHER) {
        r->path = target.at;
        r->path_len = target.len;
        return 0;
    }
    return take_target(target, r) ? 0 : 400;
}

static void take_connection(struct text value, struct http_request *r, bool *closing)
{
    struct text rest = value, word;
    bool more = true;
    while (more) {
        more = cut(&rest, ',', &word);
        word = trim(more ? word : rest);
        if (is_word(word, "close"))
            *closing = true;
        else if (is_word(word, "keep-alive"))
            r->keep_alive = true;
    }
}

/* All header fields up to the empty line. */
static int take_fields(struct text *t, struct http_request *r, bool http11)
{
    struct text line, name;
    bool closing = false;
    int hosts = 0;
    while (take_line(t, &line) && line.len > 0) {
        if (!cut(&line, ':', &name) || name.len == 0 || name.at[0] == ' ' ||
            name.at[0] == '\t' || trim(name).len != name.len)
            return 400;
        struct text value = trim(line);
        if (is_word(name, "host"))
            hosts++;
        else if (is_word(name, "connection"))
            take_connection(value, r, &closing);
        else if (is_word(name, "transfer-encoding") ||
                 (is_word(name, "content-length") && !is(value, "0")))
            closing = true;
    }
    if (closing)
        r->keep_alive = false;
    return (http11 && hosts == 0) || hosts > 1 ? 400 : 0;
}

/* Where the empty line behind the header fields ends; 0: nowhere yet. */
static size_t find_end(const char *data, size_t len)
{
    for (size_t i = 3; i < len; i++) {
        if (data[i] == '\n' && data[i - 1] == '\r' && data[i - 2] == '\n' &&
            data[i - 3] == '\r')
            return i + 1;
    }
    return 0;
}

size_t http_parse(const char *data, size_t len, struct http_request *ret)
{
    struct http_request r = {0};
    bool http11 = false;
    size_t skip = 0; /* RFC 9112 2.2: empty lines before a request */
    while (len - skip >= 2 && data[skip] == '\r' && data[skip + 1] == '\n')
        skip += 2;
    size_t end = find_end(data + skip, len - skip);
    if (end == 0)
        return 0;
    struct text t = {data + skip, end}, line;
    r.error = take_line(&t, &line) ? take_request_line(line, &r, &http11) : 400;
    if (!r.error)
        r.error = take_fields(&t, &r, http11);
    if (r.error)
        r.keep_alive = false;
    *ret = r;
    return skip + end;
}
