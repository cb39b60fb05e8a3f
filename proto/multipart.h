/* Files in bodies of forms: multipart/form-data (RFC 7578; RFC 2046, 5.1), byte by byte as it
 * comes.
 *
 * A part is a file if its Content-Disposition names one (filename=), as Suricata sees it; others
 * are stepped over.
 */
#ifndef PROTO_MULTIPART_H
#define PROTO_MULTIPART_H

#include "base/bytes.h"

#define MULTIPART_BOUNDARY_MAX 200  /* longer ones are refused, as Suricata does */
#define MULTIPART_LINE_MAX     1024 /* of a part's head; what is beyond is not read */

/* Owner: whoever reads the body. */
struct multipart {
    uint8_t mode;
    bool is_file; /* the part's content is one */
    uint16_t n_delimiter, n_matched, n_line, n_name;
    uint8_t delimiter[MULTIPART_BOUNDARY_MAX + 4]; /* CR, LF, two hyphens, boundary */
    uint8_t line[MULTIPART_LINE_MAX];              /* under way */
    uint8_t name[MULTIPART_LINE_MAX];              /* of the file */
};

/* Gets files one after the other: bytes in pieces, then their end. */
struct multipart_sink {
    void *ctx;
    void (*bytes)(void *ctx, struct bytes bytes);
    void (*end)(void *ctx);
};

enum multipart_kind { MULTIPART_NONE, MULTIPART_READABLE, MULTIPART_UNREADABLE };

/* multipart_begin: by the value of the body's Content-Type: it has no boundary, one, or one that is
 * refused. */
enum multipart_kind multipart_begin(struct multipart *m, struct bytes content_type);
/* multipart_feed: the next bytes of the body. */
void multipart_feed(struct multipart *m, struct bytes bytes, const struct multipart_sink *sink);
/* multipart_end: nothing more comes; a file that is under way ends. */
void multipart_end(struct multipart *m, const struct multipart_sink *sink);

#endif
