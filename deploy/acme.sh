#!/bin/sh
# What the service acme of docker-compose.yml runs: certbot gets a certificate for DOMAIN and renews it. nginx.sh takes what lies in the
# folder of certificates: fullchain.pem and privkey.pem.
set -u

state=${ACME_FOLDER:-/etc/letsencrypt}
certificates=${CERTIFICATES_FOLDER:-/certificates}
challenges=${CHALLENGES_FOLDER:-/challenges}
# It renews nothing that is good for a while: twice a day is what its authors ask for.
pause_seconds=43200
# Let's Encrypt allows five failures an hour.
retry_seconds=900

certify() {
  certbot certonly --non-interactive --agree-tos --keep-until-expiring --webroot --webroot-path "$challenges" \
    --domain "$DOMAIN" --cert-name "$DOMAIN" --config-dir "$state" --work-dir "${TMPDIR:-/tmp}" --logs-dir "${TMPDIR:-/tmp}" \
    --server "${ACME_SERVER:-https://acme-v02.api.letsencrypt.org/directory}" "$@"
}

# Each file is whole at any moment. nginx.sh looks again where it meets the one without the other.
publish() {
  for file in fullchain.pem privkey.pem; do
    cp "$state/live/$DOMAIN/$file" "$certificates/.$file" || return 1
    # Whoever is in its group reads it, as nginx is.
    chmod 640 "$certificates/.$file" && mv "$certificates/.$file" "$certificates/$file" || return 1
  done
}

if [ -n "${ACME_EMAIL:-}" ]; then set -- --email "$ACME_EMAIL"; else set -- --register-unsafely-without-email; fi
while :; do
  if certify "$@" && publish; then
    sleep "$pause_seconds"
  else
    echo "acme.sh: no certificate for $DOMAIN; the next try is in $((retry_seconds / 60)) minutes" >&2
    sleep "$retry_seconds"
  fi
done
