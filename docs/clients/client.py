"""Follows the latest episodes, with Python's standard library:

    python3 docs/clients/client.py https://anime.example
"""

import html
import http.client
import json
import random
import re
import sys
import time
from urllib.parse import urlsplit

HELLO_SECONDS = 10
SILENCE_SECONDS = 40
READ_SECONDS = 10


class Client:
    def __init__(self, site, cursor=""):
        self.site = urlsplit(site)
        # Up to here everything is known; empty when the list has to be read.
        self.cursor = cursor
        self.failures = 0

    def run(self):
        while True:
            try:
                wait = self.turn()
            except (OSError, ValueError, http.client.HTTPException) as error:
                print(error or type(error).__name__, file=sys.stderr)
                wait = self.back_off()
            time.sleep(wait)

    def turn(self):
        """Reads the list if need be, then the stream until it ends. Returns the seconds to wait before the next turn."""
        if not self.cursor:
            self.read_list()
        return self.follow()

    def read_list(self):
        with Answer(self, "/episodes/latest/grid", "text/html", READ_SECONDS) as answer:
            page = "".join(answer.lines())
        found = re.search(r'data-cursor="([^"]+)"', page)
        if not found:
            raise ValueError("The answer holds no list")
        self.cursor = found[1]
        episodes = len(re.findall(r"<li data-key=", page))
        print(f"read {episodes} episodes at {self.cursor}", flush=True)

    def follow(self):
        event, event_id, data = "", "", ""
        with Answer(self, "/events?topics=latest", "text/event-stream", HELLO_SECONDS) as answer:
            greeted = False
            for line in answer.lines():
                field, _, value = line.rstrip("\r\n").partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    event = value
                elif field == "id":
                    event_id = value
                elif field == "data":
                    data += value
                elif field == "" and event:
                    wait = self.take(event, event_id, data)
                    if wait is not None:
                        return wait
                    greeted = greeted or event == "hello"
                    event, event_id, data = "", "", ""
                if greeted:
                    answer.expect_within(SILENCE_SECONDS)
        raise ValueError("The stream ended")

    def take(self, event, event_id, data):
        """Returns the seconds to wait before the next stream when this one is over; None while it goes on."""
        try:
            message = json.loads(data)
        except ValueError:
            # It may have been any change.
            self.cursor = ""
            raise
        if event == "hello":
            if message["resume"] == "fresh":
                self.cursor = ""
                raise ValueError("Something on the way takes Last-Event-ID out")
            self.failures = 0
            print("live", message["resume"], flush=True)
        elif event in ("upsert", "remove"):
            # Delivery is at least once.
            if message["rev"] > seq_of(self.cursor):
                print(event, message["key"], message["rev"], title_in(message.get("html", "")), flush=True)
        elif event == "reset":
            # What is known can't be continued. Everybody was told at once, so everybody waits for a time of their own.
            print("reset", message["reason"], flush=True)
            self.cursor = ""
            return random.random() * message["spreadMs"] / 1000
        elif event == "bye":
            print("bye", message["reason"], flush=True)
            return message["retryMs"] / 1000
        if event_id:
            self.cursor = event_id
        return None

    def back_off(self):
        """A second to three, then up to twice as long with each failure, up to a minute; random, so that many don't come at once."""
        longest = min(3 * 2 ** min(self.failures, 5), 60)
        self.failures += 1
        return random.uniform(1, longest)


class Answer:
    """A request whose answer has to be there in time. http.client asks for no compression by itself, which is right."""

    def __init__(self, client, path, accept, seconds):
        secure = client.site.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self.connection = connect(client.site.netloc, timeout=seconds)
        self.expect_within(seconds)
        self.connection.connect()
        # The connection lets go of its socket once the answer is there.
        self.socket = self.connection.sock
        headers = {"Accept": accept}
        if client.cursor:
            headers["Last-Event-ID"] = client.cursor
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise ValueError(f"{path} answered {self.response.status}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()
        self.connection.close()

    def expect_within(self, seconds):
        self.deadline = time.monotonic() + seconds

    def lines(self):
        while True:
            # A timeout of the socket alone begins anew with every byte.
            self.socket.settimeout(max(self.deadline - time.monotonic(), 0.001))
            line = self.response.readline()
            if not line:
                return
            yield line.decode()


def title_in(item):
    """An item's title stands in its html, in parts: the series', and which episode it is."""
    return html.unescape(" – ".join(re.findall(r" data-item-title>([^<]*)", item)))


def seq_of(cursor):
    return int(cursor.rpartition(".")[2])


if __name__ == "__main__":
    Client(*sys.argv[1:]).run()
