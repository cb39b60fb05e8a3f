/* A file mapped for reading, with a guard against a file that becomes shorter under the map.
 *
 * To read a page that the file no longer has would end the process (SIGBUS); with the guard it
 * reads as zeros, and so does the rest of the map. Bytes that were read count only after
 * file_map_shrunk has said that the file still has them.
 */
#ifndef DATAPLANE_FILE_MAP_H
#define DATAPLANE_FILE_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Owner: one thread; its bytes may be read by any. Not moved while it is open: the guard knows it.
 */
struct file_map {
    const uint8_t *data; /* NULL: not open */
    size_t size;         /* of the file when it was opened */
    int fd;
    struct file_map *next; /* of all that are open in the process */
    _Atomic size_t zeroed; /* from here on the guard has put zeros; SIZE_MAX: nowhere */
};

/* file_map_open: map a regular file that is not empty; the descriptor then belongs to the map. 0 or
 * ERR_IO (errno says why), and the descriptor is still the caller's.
 *   threads  one at a time for all maps of the process, opening and closing */
int file_map_open(struct file_map *map, int fd, size_t size);
void file_map_close(struct file_map *map);
/* file_map_shrunk: whether the file is shorter than the map, or was when the guard was needed; *now
 * is how much of the map is still the file's. */
bool file_map_shrunk(const struct file_map *map, size_t *now);

#endif
