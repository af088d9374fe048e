/*
 * Sends one request over and over on kept-alive connections, the next when the answer is there. Linux only.
 *
 *   requests PORT CONNECTIONS SECONDS REQUEST
 *
 * A run of @ in the request is replaced by a number that is another one every time.
 * At the end a line of JSON on standard output: {"requests":…,"failed":…,"seconds":…,"bytes":…,"p50Us":…,"p99Us":…}
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES 262144
#define READY 1024
#define HEAD_BYTES 8192
/* Waiting times, in steps of 10 microseconds up to a second. */
#define STEP_NS 10000
#define STEPS 100000

struct connection {
  int fd;
  char head[HEAD_BYTES + 1]; /* of the answer, while it is not whole */
  int head_length;           /* -1 when it is */
  long body_left;            /* -1: in chunks */
  char tail[5];              /* the last bytes of a body in chunks */
  long sent_ns;
};

static int epoll, number_at = -1, number_length, request_length;
static char *request;
static long requests, failed, total_bytes, number;
static unsigned waits[STEPS];
static char buffer[READ_BYTES];

static long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void ask(struct connection *connection) {
  if (number_at >= 0) {
    char digits[32];
    snprintf(digits, sizeof digits, "%0*ld", number_length, ++number);
    memcpy(request + number_at, digits + strlen(digits) - number_length, number_length);
  }
  connection->head_length = 0;
  connection->sent_ns = now_ns();
  if (send(connection->fd, request, request_length, MSG_NOSIGNAL) != request_length) failed++;
}

static void answered(struct connection *connection) {
  long step = (now_ns() - connection->sent_ns) / STEP_NS;
  waits[step < STEPS ? step : STEPS - 1]++;
  requests++;
  ask(connection);
}

/* Gives the bytes that belong to the head. */
static int read_head(struct connection *connection, const char *bytes, int length) {
  int before = connection->head_length, room = HEAD_BYTES - before;
  int kept = length < room ? length : room;
  memcpy(connection->head + before, bytes, kept);
  connection->head_length += kept;
  connection->head[connection->head_length] = 0;
  char *end = strstr(connection->head, "\r\n\r\n");
  if (!end) return length;
  *end = 0;
  int status = atoi(connection->head + 9);
  if (status != 200 && status != 304) failed++;
  char *field = strcasestr(connection->head, "\r\nContent-Length: ");
  connection->body_left = field ? atol(field + 18) : strcasestr(connection->head, "chunked") ? -1 : 0;
  if (status == 304) connection->body_left = 0;
  memset(connection->tail, 0, sizeof connection->tail);
  connection->head_length = -1;
  return end + 4 - connection->head - before;
}

/* True when the body is whole. */
static int read_body(struct connection *connection, const char *bytes, int length) {
  if (connection->body_left >= 0) return (connection->body_left -= length) <= 0;
  int kept = length < 5 ? length : 5;
  memmove(connection->tail, connection->tail + kept, 5 - kept);
  memcpy(connection->tail + 5 - kept, bytes + length - kept, kept);
  return memcmp(connection->tail, "0\r\n\r\n", 5) == 0;
}

static void read_answer(struct connection *connection) {
  int length = recv(connection->fd, buffer, sizeof buffer, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) {
    fprintf(stderr, "requests: the server closed a connection\n");
    exit(1);
  }
  total_bytes += length;
  int head = connection->head_length >= 0 ? read_head(connection, buffer, length) : 0;
  if (connection->head_length >= 0) return;
  if (read_body(connection, buffer + head, length - head)) answered(connection);
}

static void open_connection(struct connection *connection, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  connection->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection->fd, (struct sockaddr *)&to, sizeof to) < 0) {
    perror("requests");
    exit(1);
  }
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event);
  ask(connection);
}

static long quantile_us(double share) {
  long wanted = requests * share, seen = 0;
  for (int step = 0; step < STEPS; step++) {
    if ((seen += waits[step]) > wanted) return (step + 1L) * STEP_NS / 1000;
  }
  return 0;
}

int main(int count, char **arguments) {
  if (count != 5) {
    fprintf(stderr, "usage: requests PORT CONNECTIONS SECONDS REQUEST\n");
    return 2;
  }
  int connection_count = atoi(arguments[2]);
  request = arguments[4];
  request_length = strlen(request);
  char *place = strchr(request, '@');
  if (place) {
    number_at = place - request;
    number_length = strspn(place, "@");
  }
  epoll = epoll_create1(0);
  struct connection *connections = calloc(connection_count, sizeof *connections);
  long started_ns = now_ns(), end_ns = started_ns + atof(arguments[3]) * 1e9;
  for (int i = 0; i < connection_count; i++) open_connection(&connections[i], atoi(arguments[1]));
  struct epoll_event ready[READY];
  /* It looks for answers instead of being woken for each: over a network no server pays for that. */
  struct timespec pause = {0, 100000};
  while (now_ns() < end_ns) {
    int ready_count = epoll_wait(epoll, ready, READY, 0);
    if (ready_count == 0) nanosleep(&pause, NULL);
    for (int i = 0; i < ready_count; i++) read_answer(ready[i].data.ptr);
  }
  printf("{\"requests\":%ld,\"failed\":%ld,\"seconds\":%.3f,\"bytes\":%ld,\"p50Us\":%ld,\"p99Us\":%ld}\n", requests,
         failed, (now_ns() - started_ns) / 1e9, total_bytes, quantile_us(0.5), quantile_us(0.99));
}
