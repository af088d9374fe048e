/*
 * The floor: the least that a server on one core can do for an event, which is one send() a client. Linux only.
 *
 *   floor PORT
 *
 * GET  anything   keeps the connection as a stream
 * POST anything   sends the body to every stream
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 65536
#define INPUT_BYTES 65536

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n";
static const char ACCEPTED[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

struct connection {
  int fd, place; /* among the streams, or -1 */
  char *input;   /* of a connection that is no stream yet */
  int input_length;
  char *unsent; /* what the kernel would not take */
  int unsent_length;
};

static int epoll, stream_count;
static struct connection *streams[MAX_CONNECTIONS];

static void watch(struct connection *connection, int operation, uint32_t wanted) {
  struct epoll_event event = {.events = wanted, .data.ptr = connection};
  epoll_ctl(epoll, operation, connection->fd, &event);
}

static void drop(struct connection *connection) {
  if (connection->place >= 0) {
    streams[connection->place] = streams[--stream_count];
    streams[connection->place]->place = connection->place;
  }
  close(connection->fd);
  free(connection->input);
  free(connection->unsent);
  free(connection);
}

static void keep(struct connection *connection, const char *bytes, int length) {
  connection->unsent = realloc(connection->unsent, connection->unsent_length + length);
  memcpy(connection->unsent + connection->unsent_length, bytes, length);
  if (connection->unsent_length == 0) watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  connection->unsent_length += length;
}

static void send_all(const char *bytes, int length) {
  for (int i = 0; i < stream_count; i++) {
    struct connection *connection = streams[i];
    int sent = connection->unsent_length ? 0 : send(connection->fd, bytes, length, MSG_NOSIGNAL);
    /* A broken one shows in epoll as well. */
    if (sent < 0) sent = errno == EAGAIN ? 0 : length;
    if (sent < length) keep(connection, bytes + sent, length - sent);
  }
}

static void send_kept(struct connection *connection) {
  int sent = send(connection->fd, connection->unsent, connection->unsent_length, MSG_NOSIGNAL);
  if (sent <= 0) return;
  connection->unsent_length -= sent;
  memmove(connection->unsent, connection->unsent + sent, connection->unsent_length);
  if (connection->unsent_length == 0) watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

/* Gives the bytes that a request took from the input, 0 while it is not whole. */
static int take_request(struct connection *connection) {
  char *input = connection->input;
  char *end = memmem(input, connection->input_length, "\r\n\r\n", 4);
  if (!end) return 0;
  if (input[0] == 'G') {
    free(input);
    connection->input = NULL;
    connection->place = stream_count;
    streams[stream_count++] = connection;
    send(connection->fd, HEAD, sizeof HEAD - 1, MSG_NOSIGNAL);
    return connection->input_length;
  }
  char *field = memmem(input, end - input, "Content-Length: ", 16);
  int head = end + 4 - input, body = field ? atoi(field + 16) : 0;
  if (connection->input_length < head + body) return 0;
  send_all(input + head, body);
  send(connection->fd, ACCEPTED, sizeof ACCEPTED - 1, MSG_NOSIGNAL);
  return head + body;
}

static void read_connection(struct connection *connection) {
  char ignored[4096];
  int is_stream = connection->place >= 0;
  int length = recv(connection->fd, is_stream ? ignored : connection->input + connection->input_length,
                    is_stream ? (int)sizeof ignored : INPUT_BYTES - connection->input_length, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) return drop(connection);
  if (is_stream) return;
  connection->input_length += length;
  int taken;
  while (connection->input && (taken = take_request(connection)) > 0) {
    connection->input_length -= taken;
    if (connection->input) memmove(connection->input, connection->input + taken, connection->input_length);
  }
}

static void accept_all(int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    connection->place = -1;
    connection->input = malloc(INPUT_BYTES);
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
  }
}

int main(int count, char **arguments) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(count > 1 ? atoi(arguments[1]) : 0),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 32768) < 0) {
    perror("floor");
    return 1;
  }
  struct epoll_event own = {.events = EPOLLIN, .data.ptr = NULL}, ready[1024];
  epoll = epoll_create1(0);
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &own);
  for (;;) {
    int ready_count = epoll_wait(epoll, ready, 1024, -1);
    for (int i = 0; i < ready_count; i++) {
      struct connection *connection = ready[i].data.ptr;
      if (!connection) accept_all(listener);
      else if (ready[i].events & EPOLLOUT) send_kept(connection);
      else read_connection(connection);
    }
  }
}
