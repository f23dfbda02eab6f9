/*
 * options_print.c - the option table, printed for people and for programs.
 */
#include <string.h>

#include <cor/base/cleanup.h>

#include "options.h"

#define HELP_COLUMN 34

static const char usage[] =
    "Usage: coracle-monitor [OPTION...] [--] IMAGE [ARG...]\n"
    "       coracle-monitor debug [OPTION...] [--] IMAGE [ARG...]\n"
    "       coracle-monitor --config FILE|@FD [--dry-run]\n"
    "\n"
    "Run a unikernel as a virtual machine of its own. 'debug' runs it under gdb.\n"
    "Each ARG is passed to the guest as it is.\n";

static const char notes[] =
    "\n"
    "--option VALUE and --option=VALUE mean the same, and so do --net NAME=tap0 and\n"
    "--net:NAME=tap0. The last of an option counts; a device is given once.\n"
    "\n"
    "Exit status: the guest's own; 64 command line, 65 bad image or configuration,\n"
    "69 the host lacks something, 70 internal error, 71 operating-system error,\n"
    "128+N stopped by signal N, 132 illegal instruction or 139 memory fault in the\n"
    "guest, 159 sandbox violation. See coracle-monitor(8).\n";

static const char *const group_titles[] = {
    [MON_GROUP_MACHINE] = "Machine",
    [MON_GROUP_RUN] = "Running",
    [MON_GROUP_DEBUG] = "Debugging",
    [MON_GROUP_INFO] = "Information",
};

static const char *const kind_names[] = {
    [MON_OPT_FLAG] = "flag",   [MON_OPT_TEXT] = "text", [MON_OPT_WORDS] = "words",
    [MON_OPT_FILE] = "file",   [MON_OPT_DIR] = "dir",   [MON_OPT_DEVICE] = "device",
    [MON_OPT_ALIAS] = "alias",
};

static void help_line(FILE *out, const struct mon_option *opt)
{
    char left[80];
    char letter[] = "-?, ";
    letter[1] = opt->letter;
    int n = snprintf(left, sizeof(left), "  %s--%s%s%s", opt->letter ? letter : "    ",
                     opt->name, opt->value ? " " : "", opt->value ? opt->value : "");
    if (n >= HELP_COLUMN)
        (void)fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", opt->help);
    else
        (void)fprintf(out, "%-*s%s\n", HELP_COLUMN, left, opt->help);
}

void mon_options_help(FILE *out)
{
    size_t count;
    const struct mon_option *t = mon_options_table(&count);
    (void)fputs(usage, out);
    for (size_t g = 0; g < COR_ARRAY_SIZE(group_titles); g++) {
        (void)fprintf(out, "\n%s:\n", group_titles[g]);
        for (size_t i = 0; i < count; i++) {
            if (t[i].group == (enum mon_option_group)g && t[i].kind != MON_OPT_ALIAS)
                help_line(out, &t[i]);
        }
    }
    (void)fputs(notes, out);
}

void mon_options_list(FILE *out)
{
    size_t count;
    const struct mon_option *t = mon_options_table(&count);
    for (size_t i = 0; i < count; i++) {
        char letter[] = "-?";
        letter[1] = t[i].letter;
        if (t[i].group == MON_GROUP_HIDDEN)
            continue;
        (void)fprintf(out, "--%s\t%s\t%s\t%s%s\t%s\n", t[i].name,
                      t[i].letter ? letter : "-", kind_names[t[i].kind],
                      t[i].kind == MON_OPT_ALIAS ? "--" : "",
                      t[i].value ? t[i].value : "-", t[i].help);
    }
}
