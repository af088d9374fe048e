/*
 * Holds many event streams open on one core and tells when each event has reached the last of them. Linux only.
 *
 *   streams PORT CLIENTS AT_ONCE FORMAT REQUEST [hello] [tls]
 *
 * AT_ONCE    connections that are being opened at a time
 * FORMAT     text: events are read, and recognised by the "rev" of their data or the number of their id
 *            opaque: bytes are counted only (a compressed stream)
 * hello      a client counts as greeted when it has read the event hello, not when the head of the response is there
 * tls        over TLS 1.3 (transport.h)
 *
 * Standard input, a line each:           Standard output, a line of JSON each:
 *                                          {"settled":…}    when every client was greeted or refused
 *   mark SEQ      events after SEQ count   {"marked":SEQ}
 *   report                                 {"open":…,"minSeq":…,"minBytes":…,…}
 *   events                                 {"events":[[clients,first ns,last ns],…]} from SEQ + 1 on
 *   reconnect N   N clients come back      {"reconnected":N}
 * It ends with its standard input. Times are of CLOCK_MONOTONIC, as process.hrtime() has them.
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "transport.h"

#define MAX_EVENTS 65536
#define LINE_BYTES 96
#define READ_BYTES 262144
#define SOURCES 8
#define READY 1024

enum state { IDLE, CONNECTING, SHAKING, HEAD, OPEN, GONE };

struct client {
  int fd;
  struct transport transport;
  enum state state;
  char again; /* has been greeted before: its return is no part of the first storm */
  unsigned char line_length;
  char line[LINE_BYTES]; /* the beginning of the line that has not ended yet */
  long seq;              /* of the last event */
  long bytes;            /* since the mark */
  long greeted_ns;
};

struct event {
  int clients;
  long first_ns, last_ns;
};

static int port, client_count, at_once, opaque, awaits_hello;
static const char *request;
static struct client *clients;
static int *waiting, waiting_first, waiting_last; /* a ring of clients that are to be connected */
static struct event events[MAX_EVENTS];
static long base_seq;
static int epoll, opening_count, unsettled, greeted, refused, closed, resets, oldest;
static long total_bytes, started_ns;
static char buffer[READ_BYTES];

static long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void watch(struct client *client, int operation, uint32_t wanted) {
  struct epoll_event event = {.events = wanted, .data.ptr = client};
  epoll_ctl(epoll, operation, client->fd, &event);
}

static void enqueue(struct client *client) {
  client->state = IDLE;
  waiting[waiting_last] = client - clients;
  waiting_last = (waiting_last + 1) % (client_count + 1);
}

static void settle(struct client *client) {
  opening_count--;
  if (client->again) return;
  client->again = 1;
  if (--unsettled == 0) {
    long last_ns = 0, ready = 0;
    for (int i = 0; i < client_count; i++) {
      if (clients[i].greeted_ns == 0) continue;
      ready++;
      if (clients[i].greeted_ns > last_ns) last_ns = clients[i].greeted_ns;
    }
    printf("{\"settled\":%ld,\"refused\":%d,\"ms\":%.3f}\n", ready, refused,
           ready ? (last_ns - started_ns) / 1e6 : 0);
    fflush(stdout);
  }
}

static void leave(struct client *client) {
  if (client->state == GONE) return;
  transport_close(&client->transport);
  int was_open = client->state == OPEN;
  client->state = GONE;
  /* With a reset: tens of thousands of connections in TIME_WAIT would be in the way of the next round. */
  struct linger at_once_gone = {1, 0};
  setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once_gone, sizeof at_once_gone);
  close(client->fd);
  if (was_open) {
    closed++;
    return;
  }
  refused++;
  settle(client);
}

static void open_client(struct client *client) {
  /* Several addresses, since one has 28,000 ports to connect from. */
  struct sockaddr_in from = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (client - clients) % SOURCES)};
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  opening_count++;
  client->line_length = 0;
  client->state = CONNECTING;
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (client->fd < 0) return leave(client);
  setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(client->fd, (struct sockaddr *)&from, sizeof from) < 0) return leave(client);
  if (connect(client->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) return leave(client);
  watch(client, EPOLL_CTL_ADD, EPOLLOUT);
}

static void open_waiting(void) {
  while (waiting_first != waiting_last && opening_count < at_once) {
    struct client *client = &clients[waiting[waiting_first]];
    waiting_first = (waiting_first + 1) % (client_count + 1);
    open_client(client);
  }
}

static void greet(struct client *client, long ns) {
  if (client->state != HEAD) return;
  client->state = OPEN;
  client->greeted_ns = ns;
  greeted++;
  settle(client);
}

static void reached(struct client *client, long seq, long ns) {
  if (seq <= client->seq) return;
  long from = client->seq > base_seq ? client->seq : base_seq;
  for (long each = from + 1; each <= seq && each - base_seq <= MAX_EVENTS; each++) {
    struct event *event = &events[each - base_seq - 1];
    if (event->clients++ == 0) event->first_ns = ns;
    event->last_ns = ns;
  }
  client->seq = seq;
}

static int starts_with(const char *line, int length, const char *start) {
  int wanted = strlen(start);
  return length >= wanted && memcmp(line, start, wanted) == 0;
}

/* `line` holds the first LINE_BYTES of it at most. */
static void read_line(struct client *client, const char *line, int length, long ns) {
  char text[LINE_BYTES + 1];
  if (length > 0 && line[length - 1] == '\r') length--;
  memcpy(text, line, length);
  text[length] = 0;
  if (length == 0) {
    if (!awaits_hello) greet(client, ns);
  } else if (starts_with(line, length, "data:")) {
    const char *rev = strstr(text, "\"rev\":");
    if (rev) reached(client, atol(rev + 6), ns);
  } else if (starts_with(line, length, "id:")) {
    const char *dot = strchr(text, '.');
    if (dot) reached(client, atol(dot + 1), ns);
  } else if (starts_with(line, length, "event: hello")) {
    greet(client, ns);
  } else if (starts_with(line, length, "event: reset")) {
    resets++;
  } else if (starts_with(line, length, "HTTP/1.1 ") && !starts_with(line, length, "HTTP/1.1 200")) {
    leave(client);
  }
}

static void read_text(struct client *client, const char *bytes, long length, long ns) {
  const char *end = bytes + length;
  while (bytes < end && client->state != GONE) {
    const char *line_end = memchr(bytes, '\n', end - bytes);
    long rest = (line_end ? line_end : end) - bytes;
    if (client->line_length == 0 && line_end) {
      read_line(client, bytes, rest < LINE_BYTES ? rest : LINE_BYTES, ns);
    } else {
      long room = LINE_BYTES - client->line_length;
      long kept = rest < room ? rest : room;
      memcpy(client->line + client->line_length, bytes, kept);
      client->line_length += kept;
      if (line_end) {
        int whole = client->line_length;
        client->line_length = 0;
        read_line(client, client->line, whole, ns);
      }
    }
    bytes += rest + 1;
  }
}

static void take(struct client *client, long length) {
  long ns = now_ns();
  client->bytes += length;
  total_bytes += length;
  if (!opaque) return read_text(client, buffer, length, ns);
  /* The head alone is text. */
  if (client->state == HEAD && memmem(buffer, length, "\r\n\r\n", 4)) greet(client, ns);
}

static void read_client(struct client *client) {
  do {
    long length = transport_read(&client->transport, client->fd, buffer, sizeof buffer);
    if (length == TRANSPORT_LATER) return;
    if (length <= 0) return leave(client);
    take(client, length);
    /* What TLS has read ahead wakes nobody. */
  } while (client->state != GONE && transport_has_more(&client->transport));
}

static void ask(struct client *client) {
  long length = strlen(request);
  if (transport_write(&client->transport, client->fd, request, length) != length) return leave(client);
  client->state = HEAD;
  watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void shake_hands(struct client *client) {
  int done = transport_shake(&client->transport);
  if (done == TRANSPORT_LATER) return;
  if (done < 0) return leave(client);
  ask(client);
}

static void serve(struct epoll_event *event) {
  struct client *client = event->data.ptr;
  if (client->state == GONE || client->state == IDLE) return;
  if (client->state == SHAKING) return shake_hands(client);
  if (client->state != CONNECTING) return read_client(client);
  if (event->events & (EPOLLERR | EPOLLHUP)) return leave(client);
  if (!over_tls) return ask(client);
  transport_open(&client->transport, client->fd);
  client->state = SHAKING;
  watch(client, EPOLL_CTL_MOD, EPOLLIN);
  shake_hands(client);
}

static void mark(long seq) {
  base_seq = seq;
  resets = 0;
  total_bytes = 0;
  memset(events, 0, sizeof events);
  for (int i = 0; i < client_count; i++) {
    clients[i].bytes = 0;
    if (clients[i].seq < seq) clients[i].seq = seq;
  }
  printf("{\"marked\":%ld}\n", seq);
}

static void report(void) {
  long min_seq = -1, min_bytes = -1, max_bytes = 0;
  int open = 0;
  for (int i = 0; i < client_count; i++) {
    struct client *client = &clients[i];
    if (client->state != OPEN) continue;
    open++;
    if (min_seq < 0 || client->seq < min_seq) min_seq = client->seq;
    if (min_bytes < 0 || client->bytes < min_bytes) min_bytes = client->bytes;
    if (client->bytes > max_bytes) max_bytes = client->bytes;
  }
  printf("{\"open\":%d,\"opening\":%d,\"refused\":%d,\"closed\":%d,\"resets\":%d,\"greeted\":%d,"
         "\"bytes\":%ld,\"minSeq\":%ld,\"minBytes\":%ld,\"maxBytes\":%ld}\n",
         open, opening_count, refused, closed, resets, greeted, total_bytes, min_seq, min_bytes, max_bytes);
}

static void tell_events(void) {
  int count = MAX_EVENTS;
  while (count > 0 && events[count - 1].clients == 0) count--;
  printf("{\"events\":[");
  for (int i = 0; i < count; i++) {
    printf("%s[%d,%ld,%ld]", i ? "," : "", events[i].clients, events[i].first_ns, events[i].last_ns);
  }
  printf("]}\n");
}

static void reconnect(int count) {
  for (int i = 0; i < count; i++) {
    struct client *client = &clients[oldest];
    oldest = (oldest + 1) % client_count;
    if (client->state == OPEN) {
      leave(client);
      closed--;
    }
    if (client->state == GONE) enqueue(client);
  }
  printf("{\"reconnected\":%d}\n", count);
}

static int obey(void) {
  static char text[4096];
  static int used;
  long length = read(0, text + used, sizeof text - 1 - used);
  if (length <= 0) return 0;
  used += length;
  text[used] = 0;
  char *line = text, *end;
  while ((end = strchr(line, '\n'))) {
    *end = 0;
    if (strncmp(line, "mark ", 5) == 0) mark(atol(line + 5));
    else if (strcmp(line, "report") == 0) report();
    else if (strcmp(line, "events") == 0) tell_events();
    else if (strncmp(line, "reconnect ", 10) == 0) reconnect(atoi(line + 10));
    fflush(stdout);
    line = end + 1;
  }
  used -= line - text;
  memmove(text, line, used);
  return 1;
}

int main(int count, char **arguments) {
  if (count < 6) {
    fprintf(stderr, "usage: streams PORT CLIENTS AT_ONCE text|opaque REQUEST [hello] [tls]\n");
    return 2;
  }
  port = atoi(arguments[1]);
  client_count = atoi(arguments[2]);
  at_once = atoi(arguments[3]);
  opaque = strcmp(arguments[4], "opaque") == 0;
  request = arguments[5];
  for (int i = 6; i < count; i++) {
    if (strcmp(arguments[i], "hello") == 0) awaits_hello = 1;
    else if (strcmp(arguments[i], "tls") == 0) use_tls();
  }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  clients = calloc(client_count, sizeof *clients);
  waiting = calloc(client_count + 1, sizeof *waiting);
  unsettled = client_count;
  epoll = epoll_create1(0);
  struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL}, ready[READY];
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &input);
  for (int i = 0; i < client_count; i++) enqueue(&clients[i]);
  started_ns = now_ns();
  /*
   * It looks for what has come instead of being woken: the waking would be paid for by the server, with more than all the
   * rest of a send(), and over a network no server pays for that.
   */
  struct timespec pause = {0, 500000};
  for (;;) {
    open_waiting();
    int ready_count = epoll_wait(epoll, ready, READY, 0);
    if (ready_count < READY) nanosleep(&pause, NULL);
    for (int i = 0; i < ready_count; i++) {
      if (ready[i].data.ptr) serve(&ready[i]);
      else if (!obey()) return 0;
    }
  }
}
