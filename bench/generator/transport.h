/*
 * How the clients of streams.c talk: plainly, or over TLS 1.3 where OpenSSL was there when they were compiled (-DWITH_TLS).
 * Nothing is verified and no session is taken up again: each connection costs its server a whole handshake.
 */
#define TRANSPORT_LATER -2

static int over_tls;

#ifdef WITH_TLS
#include <openssl/ssl.h>

struct transport {
  SSL *ssl;
};

static SSL_CTX *tls;

static void use_tls(void) {
  tls = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
  SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  /* One recv() for a record instead of two, into memory that thousands of clients share. */
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
  over_tls = 1;
}

static void transport_open(struct transport *transport, int fd) {
  transport->ssl = SSL_new(tls);
  SSL_set_fd(transport->ssl, fd);
  SSL_set_connect_state(transport->ssl);
}

static long tls_result(struct transport *transport, long result) {
  if (result > 0) return result;
  return SSL_get_error(transport->ssl, result) == SSL_ERROR_WANT_READ ? TRANSPORT_LATER : -1;
}

/* 1 when the handshake is done. */
static int transport_shake(struct transport *transport) {
  return tls_result(transport, SSL_do_handshake(transport->ssl));
}

static long tls_read(struct transport *transport, char *into, int size) {
  return tls_result(transport, SSL_read(transport->ssl, into, size));
}

static long tls_write(struct transport *transport, const char *bytes, int length) {
  return SSL_write(transport->ssl, bytes, length);
}

static int transport_has_more(struct transport *transport) {
  return over_tls && SSL_has_pending(transport->ssl);
}

static void transport_close(struct transport *transport) {
  SSL_free(transport->ssl);
  transport->ssl = NULL;
}
#else
struct transport {};

static void use_tls(void) {
  fprintf(stderr, "streams was compiled without TLS\n");
  exit(2);
}
static void transport_open(struct transport *transport, int fd) {}
static int transport_shake(struct transport *transport) { return -1; }
static long tls_read(struct transport *transport, char *into, int size) { return -1; }
static long tls_write(struct transport *transport, const char *bytes, int length) { return -1; }
static int transport_has_more(struct transport *transport) { return 0; }
static void transport_close(struct transport *transport) {}
#endif

/* Bytes that were read; 0 or -1 at the end. */
static long transport_read(struct transport *transport, int fd, char *into, int size) {
  if (over_tls) return tls_read(transport, into, size);
  long length = recv(fd, into, size, 0);
  return length < 0 && (errno == EAGAIN || errno == EINTR) ? TRANSPORT_LATER : length;
}

static long transport_write(struct transport *transport, int fd, const char *bytes, int length) {
  if (over_tls) return tls_write(transport, bytes, length);
  return send(fd, bytes, length, MSG_NOSIGNAL);
}
