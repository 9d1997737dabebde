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
// binary. It prints its addresses as one line of JSON, serves until its
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
	Data    map[string]string `json:"data"`    // for the agent, by the kind of output
	Control string            `json:"control"` // for the runner
}

func serveSink(until io.Reader, out io.Writer) (err error) {
	c := newSinkControl()
	at := sinkAddresses{Data: map[string]string{}}
	for kind, p := range c.places {
		if err := p.sink.open(); err != nil {
			return err
		}
		defer func() { err = firstError(err, p.sink.shut()) }()
		at.Data[kind] = p.sink.addr
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open the sink's control: %w", err)
	}
	at.Control = l.Addr().String()
	control := &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- control.Serve(l) }()
	if err := json.NewEncoder(out).Encode(at); err != nil {
		return err
	}
	io.Copy(io.Discard, until) // the runner's end, however it comes
	control.Close()
	<-served
	return nil
}

// sinkControl is how the runner tells the sinks what to do. The path names one:
// /splunk/begin.
type sinkControl struct {
	places map[string]*place // by the kind of output
	http.ServeMux
}

// place is a sink and what looks into its bodies.
type place struct {
	sink    *sink
	counter *counter
}

func newSinkControl() *sinkControl {
	c := &sinkControl{places: map[string]*place{}}
	for kind, f := range forms() {
		p := &place{sink: newSink(f)}
		c.places[kind] = p
		c.HandleFunc("POST /"+kind+"/begin", p.begin)
		c.HandleFunc("POST /"+kind+"/tally", p.tally)
		c.HandleFunc("POST /"+kind+"/open", func(w http.ResponseWriter, _ *http.Request) { reply(w, struct{}{}, p.sink.open()) })
		c.HandleFunc("POST /"+kind+"/shut", func(w http.ResponseWriter, _ *http.Request) { reply(w, struct{}{}, p.sink.shut()) })
		c.HandleFunc("POST /"+kind+"/progress", func(w http.ResponseWriter, _ *http.Request) { reply(w, p.sink.progress(), nil) })
	}
	return c
}

// begin forgets what came before and sets what is expected from now on.
func (p *place) begin(w http.ResponseWriter, r *http.Request) {
	var e Expect
	err := json.NewDecoder(r.Body).Decode(&e)
	if err == nil {
		p.counter, err = newCounter(p.sink.form, e)
	}
	p.sink.forget(e.SeqMark)
	reply(w, struct{}{}, err)
}

// tally looks into what came since the last tally. The runner asks one thing at
// a time.
func (p *place) tally(w http.ResponseWriter, r *http.Request) {
	if p.counter == nil {
		reply(w, nil, fmt.Errorf("tally before begin"))
		return
	}
	count, err := strconv.ParseUint(r.FormValue("count"), 10, 64)
	if err != nil {
		reply(w, nil, err)
		return
	}
	t, err := p.counter.count(p.sink.handOver(), count, r.FormValue("gzip") == "true")
	reply(w, t, err)
}

func reply(w http.ResponseWriter, answer any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	json.NewEncoder(w).Encode(answer)
}

// sinkClient is the runner's end of one kind of sink.
type sinkClient struct {
	addresses sinkAddresses
	kind      string
}

// of returns the client of another kind.
func (c sinkClient) of(kind string) sinkClient {
	c.kind = kind
	return c
}

func (c *sinkClient) call(ctx context.Context, path string, question io.Reader, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.addresses.Control+"/"+c.kind+path, question)
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
