/* Errors: one enum, one text table.
 *
 * A function outside the hot path returns 0 or one of these (all negative), and says in a
 * diagnostic (base/diag.h) what, where and what to do. Rows: name, number, text.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define ERROR_TABLE(X)                                           \
    X(ERR_NOMEM, -1, "out of memory")                            \
    X(ERR_IO, -2, "input/output error")                          \
    X(ERR_NOT_FOUND, -3, "not found")                            \
    X(ERR_SYNTAX, -4, "syntax error")                            \
    X(ERR_SCHEMA, -5, "not allowed here")                        \
    X(ERR_RANGE, -6, "value out of range")                       \
    X(ERR_UNSUPPORTED, -7, "not in this build")                  \
    X(ERR_TRUNCATED, -8, "data ends too early")                  \
    X(ERR_CORRUPT, -9, "data is damaged")                        \
    X(ERR_SIGNATURE, -10, "signature does not verify")           \
    X(ERR_KEY, -11, "wrong or unusable key")                     \
    X(ERR_EXISTS, -12, "exists already")                         \
    X(ERR_FULL, -13, "no room left")                             \
    X(ERR_CONFLICT, -14, "conflicts with what is already there") \
    X(ERR_USAGE, -15, "wrong usage")                             \
    X(ERR_CLOSED, -16, "the other end is gone")                  \
    X(ERR_AGAIN, -17, "not yet")                                 \
    X(ERR_INTERNAL, -18, "internal error")

enum error {
    ERR_OK = 0,
#define X(name, number, text) name = number,
    ERROR_TABLE(X)
#undef X
};

/* error_text: the text of an error; never NULL. */
const char *error_text(int error);

#endif
