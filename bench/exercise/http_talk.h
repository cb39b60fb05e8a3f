/* HTTP talks with a page that asks for a name and a password.
 *
 * Sources: RFC 9112, 2 to 4; RFC 9110, 11.6 and 15.5.2 (401); RFC 7617 (Basic).
 */
#ifndef BENCH_EXERCISE_HTTP_TALK_H
#define BENCH_EXERCISE_HTTP_TALK_H

#include "bench/exercise/conversation.h"

#define HTTP_PORT 80

/* http_ask: one request for the page and its answer, in a conversation that is open. Returns the
 * time of the request.
 *   user  NULL: nobody is named, so that the server asks for somebody
 *   right the password is; else the answer is 401 */
int64_t http_ask(struct conversation *c, const char *user, bool right);

#endif
