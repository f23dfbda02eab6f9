/*
 * load.c - JSON text to a Jansson tree, within limits.
 *
 * Jansson 2.14 is not safe when memory runs out: its lexer ignores that it could not
 * save a character, then looks for the closing quote behind the end of what it has
 * saved (lex_save, lex_scan_string). That needs one failed allocation and a later one
 * that succeeds. So while a text is being loaded, the first failure makes all later
 * ones in this thread fail, too; the lexer then gives up before it looks.
 */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cor/config/config.h>

#include "config_priv.h"

static json_malloc_t inner_malloc;
static json_free_t inner_free;
static _Thread_local bool loading;
static _Thread_local bool exhausted;

static void *guarded_malloc(size_t size)
{
    if (loading && exhausted)
        return NULL;
    void *p = inner_malloc(size);
    if (!p && loading)
        exhausted = true;
    return p;
}

static void guarded_free(void *p)
{
    inner_free(p);
}

/* Keeps whatever allocator the program has chosen, also when it changes its mind. */
static void guard_allocator(void)
{
    json_malloc_t m;
    json_free_t f;
    json_get_alloc_funcs(&m, &f);
    if (m == guarded_malloc)
        return;
    inner_malloc = m;
    inner_free = f;
    json_set_alloc_funcs(guarded_malloc, guarded_free);
}

/* Jansson itself allows 2048 levels, each a recursion; and it has no setting for it. */
static bool too_deep(const char *json, size_t len)
{
    unsigned int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = json[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth > COR_CONFIG_DEPTH_MAX)
            return true;
        else if (!in_string && (c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return false;
}

json_t *config_load(const char *json, size_t len, struct cor_err *err)
{
    json_error_t why;
    if (len > COR_CONFIG_JSON_MAX) {
        (void)cor_err_set(err, EFBIG, "configuration: more than %u bytes",
                          COR_CONFIG_JSON_MAX);
        return NULL;
    }
    if (too_deep(json, len)) {
        (void)cor_err_set(err, EINVAL, "configuration: nested deeper than %u levels",
                          COR_CONFIG_DEPTH_MAX);
        return NULL;
    }
    guard_allocator();
    exhausted = false;
    loading = true;
    json_t *tree = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    loading = false;
    if (tree && !exhausted)
        return tree;
    json_decref(tree);
    /* An empty text is how Jansson says that memory ran out. */
    if (exhausted || why.text[0] == '\0')
        (void)cor_err_os(err, ENOMEM, "configuration");
    else
        (void)cor_err_set(err, EINVAL, "configuration: line %d, column %d: %s",
                          why.line, why.column, why.text);
    return NULL;
}
