/* Files in mails: MIME as it comes, byte by byte. RFC 5322, 2.2 (fields); RFC 2045 (encodings); RFC
 * 2046, 5.1 (multipart), 5.2.1 (message/rfc822).
 *
 * An entity is a file if its Content-Disposition has a filename, or its Content-Type a name,
 * whatever else they say; that is how Suricata has it. Other entities are stepped over. In a
 * message within the message files are looked for too; it is none itself, unless it is encoded,
 * which RFC 2046 forbids. Content is decoded (base64, quoted-printable); of what is not encoded,
 * the end of the last line belongs to the delimiter behind it.
 */
#ifndef PROTO_MIME_H
#define PROTO_MIME_H

#include "base/bytes.h"
#include "proto/base64.h"
#include "proto/mime_name.h"

#define MIME_DEPTH_MAX    16  /* multiparts within each other; others are stepped over as a whole */
#define MIME_BOUNDARY_MAX 254 /* a longer one is refused with all that follows, as in Suricata */
#define MIME_VALUE_MAX    2000 /* of a field; what is beyond is not read, as in Suricata */
#define MIME_LINE_MAX     2048

struct mime_boundary {
    uint16_t len;
    uint8_t bytes[MIME_BOUNDARY_MAX];
};

/* Owner: whoever reads the mail. */
struct mime {
    uint8_t mode, encoding;
    uint8_t field;           /* the one whose lines are read, from 1; 0: one that nobody asks for */
    uint8_t n_levels;        /* multiparts that are open */
    uint8_t n_held, held[2]; /* an end of line, or what begins an escape */
    bool is_file;
    bool in_field;    /* what is no field goes on with the one before it */
    bool within_line; /* its beginning is no delimiter */
    bool has_boundary, too_long, encapsulates;
    bool line_empty, after_cr; /* of quoted-printable */
    uint16_t n_line, n_value;
    struct base64 block;
    struct mime_name disposed, typed;                /* by Content-Disposition, by Content-Type */
    struct mime_boundary levels[MIME_DEPTH_MAX + 1]; /* the last one is of the head under way */
    uint8_t line[MIME_LINE_MAX], value[MIME_VALUE_MAX];
};

/* Gets files one after the other: begin, bytes in pieces, end. */
struct mime_sink {
    void *ctx;
    void (*begin)(void *ctx);
    void (*bytes)(void *ctx, struct bytes bytes);
    void (*end)(void *ctx);
};

void mime_begin(struct mime *m);
/* mime_feed: the next bytes of the mail. mime_end: nothing more comes. */
void mime_feed(struct mime *m, struct bytes bytes, const struct mime_sink *sink);
void mime_end(struct mime *m, const struct mime_sink *sink);
/* mime_file_name: of the file that is told. */
const struct mime_name *mime_file_name(const struct mime *m);

#endif
