#!/bin/sh
# Makes the secrets of docker-compose.yml in secrets/, those that are missing. Passwords that .env holds, as it did at first, are taken from there.
set -eu
cd "$(dirname "$0")/.."

from_env() {
  [ -f .env ] && sed -n "s/^$1=//p" .env | tail -n 1
}

random() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# A file, where there is none: what it begins with, and the secret.
keep() {
  [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"
}

# The folder keeps other accounts of this machine out. The files are mounted into containers, each with an account of its own.
umask 022
mkdir -p secrets
chmod 700 secrets

session=$(from_env SESSION_SECRET || :)
postgres=$(from_env POSTGRES_PASSWORD || :)
redis=$(from_env REDIS_PASSWORD || :)
keep session-secret "${session:-$(random)}"
keep postgres-password "${postgres:-$(random)}"
keep database-url "postgres://nipnime:$(cat secrets/postgres-password)@postgres:5432/nipnime"
keep redis.conf "requirepass ${redis:-$(random)}"
keep redis-url "redis://:$(cut -d ' ' -f 2 secrets/redis.conf)@redis:6379"
