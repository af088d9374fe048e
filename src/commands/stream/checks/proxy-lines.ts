/**
 * The line of the configuration to look at, for each of the usual proxies. Where one can't make the mistake by itself, it says so, and
 * where to look then.
 */
export type ProxyLines = {
  readonly nginx: string;
  readonly Caddy: string;
  readonly HAProxy: string;
  readonly Traefik: string;
};

/** In Caddy's lines: a matcher of everything but the stream. */
const PAGES = 'with @pages not path /events';

export const BUFFERING: ProxyLines = {
  nginx: 'proxy_buffering off; in location = /events',
  Caddy: 'reverse_proxy … { flush_interval -1 }, without response_buffers',
  HAProxy: 'no http-response wait-for-body; option http-no-delay',
  Traefik: 'no buffering among the middlewares of the router of /events',
};

export const COMPRESSION: ProxyLines = {
  nginx: 'gzip off; in location = /events, or gzip_types without text/event-stream and *',
  Caddy: `encode @pages, ${PAGES}`,
  HAProxy: 'compression type without text/event-stream',
  Traefik: 'compress: excludedContentTypes: [text/event-stream]',
};

export const OLD_HTTP: ProxyLines = {
  nginx: 'proxy_http_version 1.1; in location = /events',
  Caddy:
    'transport http { versions 1.1 2 }, which is its default: look at what stands between it and the site',
  HAProxy: 'none: it asks with the version that it was asked with; look at what stands in front of it',
  Traefik: 'none: it asks with HTTP/1.1 or newer; look at what stands between it and the site',
};

/** It can't be told whether what ended the stream counts its silence or its age. */
export const CUT: ProxyLines = {
  nginx: 'proxy_read_timeout 60s; in location = /events (it counts silence)',
  Caddy: 'servers { timeouts { write 0 } } (age), transport http without read_timeout (silence)',
  HAProxy: 'timeout client 60s and timeout server 60s (silence)',
  Traefik: 'entryPoints.NAME.transport.respondingTimeouts.writeTimeout: 0 (age)',
};

export const CACHE: ProxyLines = {
  nginx: 'proxy_cache off; in location = /events',
  Caddy: `cache @pages of the module cache-handler, ${PAGES}`,
  HAProxy: 'http-request cache-use NAME unless { path /events }',
  Traefik: 'no plugin that caches among the middlewares of the router of /events',
};

/** @param name of a header of the answer that the proxy has taken away or changed */
export function answerHeader(name: string): ProxyLines {
  return {
    nginx: `no proxy_hide_header ${name}; and no add_header ${name}${name === 'Cache-Control' ? ' or expires' : ''} for location = /events`,
    Caddy: `no header_down ${name} in reverse_proxy, and no header ${name}, with - or without`,
    HAProxy: `no http-response del-header or set-header ${name}`,
    Traefik: `no customResponseHeaders: ${name} in a middleware headers`,
  };
}

/** @param name of a header of the request that did not reach the site */
export function requestHeader(name: string): ProxyLines {
  return {
    nginx: `no proxy_set_header ${name} ""; and proxy_pass_request_headers on; for location = /events`,
    Caddy: `no header_up -${name} in reverse_proxy, and no request_header -${name}`,
    HAProxy: `no http-request del-header ${name}`,
    Traefik: `no customRequestHeaders: ${name} in a middleware headers`,
  };
}

export const QUERY: ProxyLines = {
  nginx: 'proxy_pass http://NODES; with nothing behind the host, and no rewrite that ends in ?',
  Caddy: 'no rewrite with a ? in it, unless {query} follows',
  HAProxy: 'http-request set-path in the place of set-uri, and no set-query',
  Traefik: 'none: its own middlewares leave the query; look for a plugin on the router of /events',
};

export const HOST: ProxyLines = {
  nginx: 'proxy_set_header Host $http_host; and proxy_set_header X-Forwarded-Proto $scheme;',
  Caddy: 'no header_up Host in reverse_proxy: it passes on what it was asked for',
  HAProxy: 'no http-request set-header Host; http-request set-header X-Forwarded-Proto https if { ssl_fc }',
  Traefik: 'loadBalancer: passHostHeader: true',
};

export const REDIRECT: ProxyLines = {
  nginx: 'location = /events { proxy_pass http://NODES; }, without return or rewrite … redirect',
  Caddy: `redir @pages …, ${PAGES}`,
  HAProxy: 'http-request redirect … unless { path /events }',
  Traefik: 'no redirectScheme or redirectRegex among the middlewares of the router of /events',
};

export const REFUSAL: ProxyLines = {
  nginx: 'no limit_req, limit_conn, deny or modsecurity on for location = /events',
  Caddy: `respond @pages, error @pages, coraza_waf @pages, ${PAGES}`,
  HAProxy: 'http-request deny … unless { path /events }',
  Traefik: 'no rateLimit, inFlightReq or firewall among the middlewares of the router of /events',
};

export const REWRITING: ProxyLines = {
  nginx: 'no sub_filter, add_before_body, add_after_body or ssi',
  Caddy: 'no replace (of the module replace-response) and no templates',
  HAProxy: 'no filter lua.NAME: by itself it changes no body',
  Traefik: 'no plugin that rewrites bodies among the middlewares of the router',
};
