#!/usr/bin/env bash
# Follows the latest episodes, with curl and bash:
#
#   bash docs/clients/curl.sh https://anime.example
set -uo pipefail

hello_seconds=10
silence_seconds=40
read_seconds=10

site=$1
# Up to here everything is known; empty when the list has to be read.
cursor=${2:-}
failures=0

read_list() {
  local html
  html=$(curl -fsS --max-time "$read_seconds" "$site/episodes/latest/grid") || return
  [[ $html =~ data-cursor=\"([^\"]+)\" ]] || { echo 'the answer holds no list' >&2; return 1; }
  cursor=${BASH_REMATCH[1]}
  echo "read $(grep -c '<li data-key=' <<<"$html") episodes at $cursor"
}

# Of a line of JSON: a word or a number by its name.
value_of() { [[ $2 =~ \"$1\":\"?([A-Za-z0-9._-]*) ]] && echo "${BASH_REMATCH[1]}"; }

# Reads one stream to its end. Leaves in `wait` how many milliseconds to wait; fails when it did not end in order.
follow() {
  local event='' id='' data='' line='' rev='' patience=$hello_seconds curl_pid status=1
  # -N: print what comes when it comes. --compressed: less than half the bytes, and as soon.
  exec 3< <(exec curl -fsSN --compressed -H 'Accept: text/event-stream' -H "Last-Event-ID: $cursor" "$site/events?topics=latest")
  curl_pid=$!
  while IFS= read -r -t "$patience" line <&3; do
    case $line in
      event:*) event=${line#event: } ;;
      id:*) id=${line#id: } ;;
      data:*) data=${line#data: } ;;
      '')
        case $event in
          hello)
            if [[ $(value_of resume "$data") == fresh ]]; then
              echo 'something on the way takes Last-Event-ID out' >&2
              cursor=''
              break
            fi
            failures=0
            patience=$silence_seconds
            echo "live $(value_of resume "$data")"
            ;;
          upsert | remove)
            rev=$(value_of rev "$data")
            # Delivery is at least once.
            ((rev > ${cursor##*.})) && echo "$event $(value_of key "$data") $rev"
            ;;
          reset)
            # What is known can't be continued. Everybody was told at once, so everybody waits for a time of their own.
            echo "reset $(value_of reason "$data")"
            cursor='' status=0
            wait=$(($(value_of spreadMs "$data") * RANDOM / 32768))
            break
            ;;
          bye)
            echo "bye $(value_of reason "$data")"
            status=0
            wait=$(value_of retryMs "$data")
            break
            ;;
        esac
        [[ -n $id ]] && cursor=$id
        event='' id='' data=''
        ;;
    esac
  done
  kill "$curl_pid" 2>/dev/null
  exec 3<&-
  return "$status"
}

trap 'kill $(jobs -p) 2>/dev/null' EXIT

while :; do
  wait=''
  { [[ -n $cursor ]] || read_list; } && follow
  if [[ -z $wait ]]; then
    # A second to three, then up to twice as long with each failure, up to a minute; random, so that many don't come at once.
    longest=$((3000 << failures))
    ((longest < 60000)) && ((failures += 1)) || longest=60000
    wait=$((1000 + (longest - 1000) * RANDOM / 32768))
  fi
  sleep "$((wait / 1000)).$(printf '%03d' $((wait % 1000)))"
done
