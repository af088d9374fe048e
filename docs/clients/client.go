// Follows the latest episodes, with Go's standard library:
//
//	go run docs/clients/client.go https://anime.example
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/rand"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	helloWithin = 10 * time.Second
	silence     = 40 * time.Second
	readWithin  = 10 * time.Second
)

var (
	cursorPattern = regexp.MustCompile(`data-cursor="([^"]+)"`)
	itemPattern   = regexp.MustCompile(`<li data-key=`)
	titlePattern  = regexp.MustCompile(` data-item-title>([^<]*)`)
)

type client struct {
	site string
	// Up to here everything is known; empty when the list has to be read.
	cursor   string
	failures int
}

func main() {
	c := client{site: os.Args[1]}
	if len(os.Args) > 2 {
		c.cursor = os.Args[2]
	}
	for {
		wait, err := c.turn()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			wait = c.backOff()
		}
		time.Sleep(wait)
	}
}

// Reads the list if need be, then the stream until it ends. Returns how long to wait before the next turn.
func (c *client) turn() (time.Duration, error) {
	if c.cursor == "" {
		if err := c.readList(); err != nil {
			return 0, err
		}
	}
	return c.follow()
}

func (c *client) readList() error {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	response, err := c.get(ctx, "/episodes/latest/grid", "text/html")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	found := cursorPattern.FindSubmatch(page)
	if found == nil {
		return fmt.Errorf("the answer holds no list")
	}
	c.cursor = string(found[1])
	fmt.Println("read", len(itemPattern.FindAll(page, -1)), "episodes at", c.cursor)
	return nil
}

func (c *client) follow() (time.Duration, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// Cancelling ends every wait: for the answer, and for the next line.
	deadline := time.AfterFunc(helloWithin, cancel)
	defer deadline.Stop()
	// No Accept-Encoding: net/http then asks for gzip by itself, and unpacks it as it comes.
	response, err := c.get(ctx, "/events?topics=latest", "text/event-stream")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()

	var event, id, data string
	greeted := false
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			event = value
		case "id":
			id = value
		case "data":
			data += value
		case "":
			if event != "" {
				wait, isOver, err := c.take(event, id, data)
				if isOver || err != nil {
					return wait, err
				}
			}
			greeted = greeted || event == "hello"
			event, id, data = "", "", ""
		}
		if greeted {
			deadline.Reset(silence)
		}
	}
	if ctx.Err() != nil {
		return 0, fmt.Errorf("nothing was heard in time")
	}
	return 0, fmt.Errorf("the stream ended: %v", lines.Err())
}

// Returns whether the stream is over, and how long to wait before the next one.
func (c *client) take(event, id, data string) (time.Duration, bool, error) {
	var m struct {
		Resume, Key, Html, Reason string
		Rev, SpreadMs, RetryMs    int
	}
	if err := json.Unmarshal([]byte(data), &m); err != nil {
		// It may have been any change.
		c.cursor = ""
		return 0, true, err
	}
	switch event {
	case "hello":
		if m.Resume == "fresh" {
			c.cursor = ""
			return 0, true, fmt.Errorf("something on the way takes Last-Event-ID out")
		}
		c.failures = 0
		fmt.Println("live", m.Resume)
	case "upsert", "remove":
		// Delivery is at least once.
		if m.Rev > seqOf(c.cursor) {
			fmt.Println(event, m.Key, m.Rev, titleIn(m.Html))
		}
	case "reset":
		// What is known can't be continued. Everybody was told at once, so everybody waits for a time of their own.
		fmt.Println("reset", m.Reason)
		c.cursor = ""
		return time.Duration(rand.Float64()*float64(m.SpreadMs)) * time.Millisecond, true, nil
	case "bye":
		fmt.Println("bye", m.Reason)
		return time.Duration(m.RetryMs) * time.Millisecond, true, nil
	}
	if id != "" {
		c.cursor = id
	}
	return 0, false, nil
}

func (c *client) get(ctx context.Context, path, accept string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.site+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	if c.cursor != "" {
		request.Header.Set("Last-Event-ID", c.cursor)
	}
	response, err := http.DefaultClient.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s answered %s", path, response.Status)
	}
	return response, err
}

// A second to three, then up to twice as long with each failure, up to a minute; random, so that many don't come at once.
func (c *client) backOff() time.Duration {
	longest := 3 << c.failures
	if longest > 60 {
		longest = 60
	} else {
		c.failures++
	}
	return time.Second + time.Duration(rand.Float64()*float64(longest-1)*float64(time.Second))
}

// The item's title stands in its html, in parts: the series', and which episode it is.
func titleIn(item string) string {
	var parts []string
	for _, found := range titlePattern.FindAllStringSubmatch(item, -1) {
		parts = append(parts, html.UnescapeString(found[1]))
	}
	return strings.Join(parts, " – ")
}

func seqOf(cursor string) int {
	seq, _ := strconv.Atoi(cursor[strings.LastIndex(cursor, ".")+1:])
	return seq
}
