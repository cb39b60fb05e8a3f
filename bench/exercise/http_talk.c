/* One request, one answer, in one segment each. */
#include "bench/exercise/http_talk.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { SECRET_MAX = 48, HEAD_MAX = 512, PASSWORD_LEN = 8 };

/* The field with name and password (RFC 7617, 2). */
static void credentials(char out[HEAD_MAX], struct random *r, const char *user)
{
    char secret[SECRET_MAX], packed[SECRET_MAX * 2];
    int len = snprintf(secret, sizeof secret - PASSWORD_LEN, "%s:", user);
    for (int i = 0; i < PASSWORD_LEN; i++)
        secret[len++] = (char)random_between(r, 'a', 'z');
    base64_encode(packed, (const uint8_t *)secret, (size_t)len, false);
    snprintf(out, HEAD_MAX, "Authorization: Basic %s\r\n", packed);
}

int64_t http_ask(struct conversation *c, const char *user, bool right)
{
    static const char page[] = "<html><title>Reports</title></html>\n";
    static const char no[] = "<html><title>401 Authorization Required</title></html>\n";
    char field[HEAD_MAX] = "", text[HEAD_MAX * 2];
    if (user)
        credentials(field, c->random, user);
    int len = snprintf(text, sizeof text,
                       "GET /reports/ HTTP/1.1\r\nHost: portal.csirt.amber.example\r\n%s"
                       "Accept: */*\r\n\r\n",
                       field);
    int64_t asked = conversation_send(c, CLIENT, text, (size_t)len);
    conversation_wait(c, random_between(c->random, 2, 30) * NS_PER_MS);
    if (right)
        len = snprintf(text, sizeof text,
                       "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       sizeof page - 1, page);
    else
        len = snprintf(text, sizeof text,
                       "HTTP/1.1 401 Unauthorized\r\n"
                       "WWW-Authenticate: Basic realm=\"reports\"\r\n"
                       "Content-Type: text/html\r\nContent-Length: %zu\r\n\r\n%s",
                       sizeof no - 1, no);
    conversation_send(c, SERVER, text, (size_t)len);
    conversation_ack(c, CLIENT);
    return asked;
}
