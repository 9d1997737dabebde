package elasticsearch

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/essim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

var discard = slog.New(slog.DiscardHandler)

// bench is an output with a simulated server behind it.
type bench struct {
	*Output
	sim *essim.Server

	mu      sync.Mutex
	stored  []string            // guarded by mu
	streams map[string][]string // guarded by mu; ids by stream
}

func (b *bench) docs() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.stored...)
}

// openBench opens an output with a strict simulated server. The functions
// change the settings of either.
func openBench(t testing.TB, d outputs.Deps, change func(*Config, *essim.Options)) *bench {
	t.Helper()
	b := &bench{streams: map[string][]string{}}
	c := defaults()
	s := essim.Options{
		Strict: true, KeepIDs: true,
		OnDoc: func(index, id string, doc []byte) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.stored = append(b.stored, string(doc))
			b.streams[index] = append(b.streams[index], id)
		},
	}
	if change != nil {
		change(&c, &s)
	}
	b.sim = essim.New(s)
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	if c.Endpoints == nil {
		c.Endpoints = endpoints.At(server.URL)
	}
	o, err := open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	b.Output = o.(*Output)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestContract(t *testing.T) {
	outputtest.Run(t, func(t *testing.T, d outputs.Deps) outputtest.Target {
		b := openBench(t, d, nil)
		next := func(f essim.Fault) func() { return func() { b.sim.Next(f) } }
		return outputtest.Target{
			Output: b.Output,
			Stored: b.docs,
			Faults: map[outputtest.Fault]func(){
				outputtest.RefusesSecond: next(essim.Fault{Item: func(i int, _ []byte) (int, string, string) {
					if i == 1 {
						return 400, "document_parsing_exception", "failed to parse field [seq]"
					}
					return 0, "", ""
				}}),
				outputtest.Throttles:    next(essim.Fault{Status: http.StatusTooManyRequests}),
				outputtest.Unavailable:  next(essim.Fault{Status: http.StatusServiceUnavailable}),
				outputtest.Cuts:         next(essim.Fault{CutAfter: true}),
				outputtest.Garbage:      next(essim.Fault{Rewrite: func([]byte) []byte { return []byte("<html>welcome</html>" + string(make([]byte, 500))) }}),
				outputtest.Half:         next(essim.Fault{Rewrite: func(a []byte) []byte { return a[:len(a)/2] }}),
				outputtest.TooLarge:     next(essim.Fault{Status: http.StatusRequestEntityTooLarge}),
				outputtest.Unauthorized: next(essim.Fault{Status: http.StatusUnauthorized}),
				outputtest.Hangs:        next(essim.Fault{Hang: true}),
			},
		}
	})
}
