#!/bin/sh
# What the service nginx of docker-compose.yml runs: nginx as listen.conf has it, or, where DOMAIN names the site, with its certificate.
# Until there is one nothing but the way to it is answered, and the health check. One that is new, from whoever put it there, is taken by
# a reload: what nginx has begun to answer goes on with the certificate of before. `nginx.sh health` is the health check.
set -eu

source=$(cd "$(dirname "$0")" && pwd)
folder=${NGINX_FOLDER:-/tmp}
certificates=${CERTIFICATES_FOLDER:-/etc/certificates}
challenges=${CHALLENGES_FOLDER:-/challenges}
http=${HTTP_LISTEN:-8080}
https=${HTTPS_LISTEN:-8443}
domain=${DOMAIN:-}
site=${SITE_URL:-https://$domain}
conf=$folder/conf
check_seconds=5

say() {
  echo "nginx.sh: $*" >&2
}

run_nginx() {
  nginx -p "$folder" -e stderr "$@"
}

# `http2 on` came with nginx 1.25.1, which warns of `listen … http2`; those before know only that.
listen_https() {
  version=$(nginx -v 2>&1)
  version=${version##*/}
  version=${version%% *}
  # shellcheck disable=SC2046
  set -- $(echo "$version" | tr . ' ')
  if [ $(($1 * 1000000 + $2 * 1000 + $3)) -ge 1025001 ]; then
    printf 'listen %s ssl backlog=32768;\nhttp2 on;\n' "$https"
  else
    printf 'listen %s ssl http2 backlog=32768;\n' "$https"
  fi
}

# Writes a folder of configuration with what is there now.
configure() {
  rm -rf "$1"
  mkdir "$1"
  cp "$source"/*.conf "$1"
  [ -n "$domain" ] || return 0
  {
    printf 'listen %s backlog=32768;\n' "$http"
    if [ -e "$certificates/fullchain.pem" ] && [ -e "$certificates/privkey.pem" ]; then
      cp "$certificates/fullchain.pem" "$certificates/privkey.pem" "$1" || return 1
      listen_https
      printf "set \$site '%s';\ninclude https.conf;\n" "$site"
    else
      echo 'include waiting.conf;'
    fi
  } >"$1/listen.conf"
}

# Of the two files, or of why they can't be read.
fingerprint() {
  cat "$certificates/fullchain.pem" "$certificates/privkey.pem" 2>&1 | sha256sum
}

# Until this process, by then nginx, has ended. What nginx refuses, as a key of another certificate, is not tried again until it changes.
watch() {
  tried=$1
  while sleep "$check_seconds" && kill -0 $$ 2>/dev/null; do
    found=$(fingerprint)
    [ "$found" != "$tried" ] || continue
    tried=$found
    if configure "$conf.new" && run_nginx -t -q -c "$conf.new/nginx.conf"; then
      rm -rf "$conf"
      mv "$conf.new" "$conf"
      kill -HUP $$
      say "takes the certificate in $certificates"
    else
      say "the certificate in $certificates can't be used; it goes on as before"
    fi
  done
}

if [ "${1:-}" = health ]; then
  if [ -e "$conf/privkey.pem" ]; then
    # The name in the certificate is not that of this address.
    exec wget -q -O /dev/null --no-check-certificate "https://127.0.0.1:${https##*:}/healthz"
  fi
  exec wget -q -O /dev/null "http://127.0.0.1:${http##*:}/healthz"
fi

case $domain in
  *[!A-Za-z0-9.-]*)
    say "DOMAIN must be one name, such as anime.example, not $domain"
    exit 1
    ;;
esac
if [ -n "$domain" ]; then
  case $site in
    *[!A-Za-z0-9.:/-]* | [!h]* | http:*)
      say "SITE_URL must be an address with https, such as https://$domain, not $site"
      exit 1
      ;;
  esac
  mkdir -p "$folder"
  ln -sfn "$challenges" "$folder/challenges"
  present=$(fingerprint)
  configure "$conf"
  [ -e "$conf/privkey.pem" ] || say "waits for fullchain.pem and privkey.pem in $certificates"
  watch "$present" &
else
  configure "$conf"
fi
exec nginx -p "$folder" -c "$conf/nginx.conf" -e stderr -g "daemon off; ${NGINX_DIRECTIVES:-}"
