package splunk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/endpoints"
	"github.com/renthub/sluice/internal/hecsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

const testToken = "11111111-2222-3333-4444-555555555555"

// bench is an output with a simulated collector behind it.
type bench struct {
	*Output
	sim *hecsim.Server
}

// docs are the documents that the collector has.
func (b *bench) docs() []string {
	list := []string{}
	for _, o := range b.sim.Stored() {
		list = append(list, o.Event)
	}
	return list
}

// openBench opens an output with a strict simulated collector. The function
// changes the settings of either.
func openBench(t testing.TB, d outputs.Deps, change func(*Config, *hecsim.Options)) *bench {
	t.Helper()
	c := defaults()
	c.Token = config.NewSecret(testToken)
	s := hecsim.Options{Tokens: map[string]hecsim.Token{testToken: {}}}
	if change != nil {
		change(&c, &s)
	}
	b := &bench{sim: hecsim.New(s)}
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	if c.Endpoints == nil {
		c.Endpoints = endpoints.At(server.URL)
	}
	o, err := open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	b.Output = closed(t, o.(*Output))        // more than once does no harm
	b.patience.first = 10 * time.Millisecond // the simulator is quicker than an indexer
	return b
}

// openOffline opens an output that will send nothing.
func openOffline(t testing.TB, change func(*Config)) *Output {
	t.Helper()
	c := defaults()
	c.Endpoints, c.Token = endpoints.At("127.0.0.1:1"), config.NewSecret(testToken)
	if change != nil {
		change(&c)
	}
	d := outputs.Deps{Name: "test.main", Logger: slog.New(slog.DiscardHandler), Now: time.Now, Classes: outputtest.Classes()}
	o, err := open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return o.(*Output)
}

// closed closes an output when the test ends.
func closed(t testing.TB, o *Output) *Output {
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return o
}

// withAcks is a token with useACK.
func withAcks(_ *Config, s *hecsim.Options) {
	s.Tokens = map[string]hecsim.Token{testToken: {Acks: true}}
}

// try sends documents once.
func try(t testing.TB, o outputs.Output, docs []event.Doc) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r := outputtest.Request(t, o, docs)
	err := o.Send(ctx, r)
	outputtest.Poison(r)
	return err
}

// kindOf names what an error of Send asks for.
func kindOf(err error) string {
	var partial *outputs.Partial
	var throttled *outputs.Throttled
	var config *outputs.Misconfigured
	var poisoned *outputs.Poisoned
	switch {
	case err == nil:
		return "taken"
	case errors.As(err, &partial):
		return "partial"
	case errors.Is(err, outputs.ErrTooLarge):
		return "too large"
	case errors.As(err, &throttled):
		return fmt.Sprintf("throttled %v", throttled.After)
	case errors.As(err, &poisoned):
		return "poisoned"
	case errors.As(err, &config):
		return "needs attention"
	}
	return "again"
}

func contract(change func(*Config, *hecsim.Options)) outputtest.Open {
	return func(t *testing.T, d outputs.Deps) outputtest.Target {
		b := openBench(t, d, change)
		next := func(f hecsim.Fault) func() { return func() { b.sim.Next(f) } }
		return outputtest.Target{
			Output: b.Output,
			Stored: b.docs,
			// RefusesSecond is left out: behind a refused document HEC takes
			// nothing. TestARefusedDocument has what happens then.
			Faults: map[outputtest.Fault]func(){
				outputtest.Throttles:    next(hecsim.Fault{Code: 26}),
				outputtest.Unavailable:  next(hecsim.Fault{Code: 9}),
				outputtest.Cuts:         next(hecsim.Fault{CutAfter: true}),
				outputtest.Garbage:      next(hecsim.Fault{Status: 200, Body: "<html>welcome</html>"}),
				outputtest.Half:         next(hecsim.Fault{Rewrite: func(a []byte) []byte { return a[:len(a)/2] }}),
				outputtest.TooLarge:     next(hecsim.Fault{Status: 413}),
				outputtest.Unauthorized: next(hecsim.Fault{Code: 4}),
				outputtest.Hangs:        next(hecsim.Fault{Hang: true}),
			},
		}
	}
}

func TestContract(t *testing.T) {
	outputtest.Run(t, contract(nil))
}

func TestContractWithAcknowledgement(t *testing.T) {
	outputtest.Run(t, contract(withAcks))
}
