/* Requests one by one, then a queue of them; an answer closes the oldest. */
#include "proto/http1_session.h"
#include "proto/heads.h"

/* ---- credentials ---- */

static int sextet(uint8_t c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? memchr(alphabet, c, sizeof(alphabet) - 1) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

/* basic_user: what stands before the colon. */
static void basic_user(struct http1_request *q, struct bytes text)
{
    uint32_t bits = 0, n = 0;
    q->user_len = 0;
    size_t i = 0;
    while (i < text.len && text.data[i] == ' ')
        i++;
    for (; i < text.len && q->user_len < HTTP1_USER_MAX; i++) {
        int v = sextet(text.data[i]);
        if (v < 0)
            break;
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        if (n < 8)
            continue;
        n -= 8;
        uint8_t c = (uint8_t)(bits >> n);
        if (c == ':')
            return;
        q->user[q->user_len++] = c;
    }
}

/* ---- a request ---- */

void http1_request_begin(struct http1_request *q, struct bytes method, struct bytes target,
                         int64_t ns)
{
    *q = (struct http1_request){.ns = ns};
    q->method_len = bytes_keep(q->method, HTTP1_METHOD_MAX, method);
    q->uri_len = bytes_keep(q->uri, HTTP1_URI_MAX, target);
}

void http1_request_host(struct http1_request *q, struct bytes value)
{
    q->host_len = bytes_keep(q->host, HTTP1_HOST_MAX, value);
}

void http1_request_credentials(struct http1_request *q, struct bytes value)
{
    q->credentials = true;
    if (bytes_begin_any_case(value, "basic "))
        basic_user(q, (struct bytes){value.data + 6, value.len - 6});
}

void http1_request_body(struct http1_request *q)
{
    struct bytes method = {q->method, q->method_len};
    q->may_hold_secret |=
        bytes_begin(method, "POST") || bytes_begin(method, "PUT") || bytes_begin(method, "PATCH");
}

void http1_request_tell(const struct http1_request *q, bool *told, uint16_t status,
                        enum outcome outcome, int64_t now, const struct proto_sink *sink)
{
    if (q->odd || (*told && !q->credentials && outcome != OUTCOME_REFUSED))
        return;
    *told = true;
    struct proto_session session = {
        .outcome = (uint8_t)outcome,
        .code = status,
        .user = {q->user, q->user_len},
        .host = {q->host, q->host_len},
        .method = {q->method, q->method_len},
        .uri = {q->uri, q->uri_len},
        .request_ns = q->ns,
        .answer_ns = now,
    };
    sink->session(sink->ctx, &session);
}

enum outcome http1_request_outcome(const struct http1_request *q, uint16_t status)
{
    bool unauthorised = status == 401 || status == 407;
    if (status == 403 || (unauthorised && (q->credentials || q->may_hold_secret)))
        return OUTCOME_REFUSED;
    return status && status < 400 ? OUTCOME_ACKNOWLEDGED : OUTCOME_SEEN;
}

/* ---- requests that wait ---- */

/* newest: the request whose fields are read, NULL if there is none. */
static struct http1_request *newest(struct http1_sessions *s)
{
    return s->n_open > 0 ? &s->open[s->n_open - 1] : NULL;
}

void http1_sessions_host(struct http1_sessions *s, struct bytes value)
{
    struct http1_request *q = newest(s);
    if (q)
        http1_request_host(q, value);
}

void http1_sessions_credentials(struct http1_sessions *s, struct bytes value)
{
    struct http1_request *q = newest(s);
    if (q)
        http1_request_credentials(q, value);
}

void http1_sessions_body(struct http1_sessions *s)
{
    struct http1_request *q = newest(s);
    if (q)
        http1_request_body(q);
}

static void close_oldest(struct http1_sessions *s, uint16_t status, enum outcome outcome,
                         int64_t now, const struct proto_sink *sink)
{
    struct http1_request q = s->open[0];
    s->n_open--;
    memmove(&s->open[0], &s->open[1], s->n_open * sizeof(s->open[0]));
    http1_request_tell(&q, &s->told, status, outcome, now, sink);
}

void http1_sessions_open(struct http1_sessions *s, const struct http1_line *line, int64_t now,
                         const struct proto_sink *sink)
{
    if (s->n_open == HTTP1_OPEN_MAX) {
        sink->anomaly(sink->ctx, PROTO_ANOMALY_OVERFLOW, PROTO_TO_SERVER);
        close_oldest(s, 0, OUTCOME_SEEN, now, sink);
    }
    struct http1_request *q = &s->open[s->n_open++];
    http1_request_begin(q, line->method, line->target, sink->seen_ns);
    q->odd = line->odd;
}

void http1_sessions_answer(struct http1_sessions *s, uint16_t status, int64_t now,
                           const struct proto_sink *sink)
{
    if (s->n_open > 0)
        close_oldest(s, status, http1_request_outcome(&s->open[0], status), now, sink);
}

void http1_sessions_close(struct http1_sessions *s, enum outcome outcome, int64_t now,
                          const struct proto_sink *sink)
{
    while (s->n_open > 0)
        close_oldest(s, 0, outcome, now, sink);
}
