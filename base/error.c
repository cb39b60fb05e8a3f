/* The texts of base/error.h. */
#include "base/error.h"

const char *error_text(int error)
{
    switch (error) {
    case ERR_OK:
        return "no error";
#define X(name, number, text) \
    case name:                \
        return text;
        ERROR_TABLE(X)
#undef X
    default:
        return "unknown error";
    }
}
