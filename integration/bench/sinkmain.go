package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// SinkMain is the whole of the sink's process: a hidden subcommand of the
// binary. It prints its two addresses as one line of JSON, serves until its
// standard input ends (so that it never outlives the runner), and returns the
// exit code.
func SinkMain(args []string) int {
	if len(args) > 0 {
		fmt.Fprintln(os.Stderr, "the sink takes no arguments")
		return 2
	}
	if err := serveSink(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sink:", err)
		return 1
	}
	return 0
}

// sinkAddresses are where a sink listens.
type sinkAddresses struct {
	Data    string `json:"data"`    // for the agent
	Control string `json:"control"` // for the runner
}

func serveSink(until io.Reader, out io.Writer) error {
	s := newSink()
	if err := s.open(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open the sink's control: %w", err)
	}
	control := &http.Server{Handler: newSinkControl(s), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- control.Serve(l) }()
	if err := json.NewEncoder(out).Encode(sinkAddresses{Data: s.addr, Control: l.Addr().String()}); err != nil {
		return err
	}
	io.Copy(io.Discard, until) // the runner's end, however it comes
	control.Close()
	<-served
	return s.shut()
}

// sinkControl is how the runner tells the sink what to do.
type sinkControl struct {
	sink    *sink
	counter *counter
	http.ServeMux
}

func newSinkControl(s *sink) *sinkControl {
	c := &sinkControl{sink: s}
	c.HandleFunc("POST /begin", c.begin)
	c.HandleFunc("POST /tally", c.tally)
	c.HandleFunc("POST /open", func(w http.ResponseWriter, _ *http.Request) { reply(w, struct{}{}, s.open()) })
	c.HandleFunc("POST /shut", func(w http.ResponseWriter, _ *http.Request) { reply(w, struct{}{}, s.shut()) })
	c.HandleFunc("POST /progress", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.progress(), nil) })
	return c
}

// begin forgets what came before and sets what is expected from now on.
func (c *sinkControl) begin(w http.ResponseWriter, r *http.Request) {
	var e Expect
	err := json.NewDecoder(r.Body).Decode(&e)
	if err == nil {
		c.counter, err = newCounter(e)
	}
	c.sink.take()
	c.sink.mu.Lock()
	c.sink.sum, c.sink.lastError = Progress{}, nil
	c.sink.mu.Unlock()
	reply(w, struct{}{}, err)
}

// tally looks into what came since the last tally. The runner asks one thing at
// a time.
func (c *sinkControl) tally(w http.ResponseWriter, r *http.Request) {
	if c.counter == nil {
		reply(w, nil, fmt.Errorf("tally before begin"))
		return
	}
	count, err := strconv.ParseUint(r.FormValue("count"), 10, 64)
	if err != nil {
		reply(w, nil, err)
		return
	}
	t, err := c.counter.count(c.sink.take(), count, r.FormValue("gzip") == "true")
	reply(w, t, err)
}

func reply(w http.ResponseWriter, answer any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(answer)
}

// sinkClient is the runner's end.
type sinkClient struct{ addresses sinkAddresses }

func (c *sinkClient) call(ctx context.Context, path string, question io.Reader, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.addresses.Control+path, question)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the sink: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("ask the sink for %s: %s", path, text)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
