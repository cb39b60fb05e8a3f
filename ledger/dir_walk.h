/* Walking a directory in the order of names. No state; any thread. */
#ifndef LEDGER_DIR_WALK_H
#define LEDGER_DIR_WALK_H

enum dir_item { DIR_FILE, DIR_EMPTY, DIR_OTHER /* a link, a device */ };

/* dir_walk: call visit for every file and every empty directory beneath dir, with the path relative
 * to dir. Links are not followed. visit may remove what it is called for. 0; ERR_NOT_FOUND or
 * ERR_IO when a directory cannot be read; ERR_RANGE when nested deeper than 16. */
typedef void dir_visit(void *ctx, const char *path, enum dir_item item);
int dir_walk(const char *dir, dir_visit *visit, void *ctx);

#endif
