package splunk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/hecsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func failures(t *testing.T, err error, count int) []string {
	t.Helper()
	var partial *outputs.Partial
	if !errors.As(err, &partial) {
		t.Fatalf("send: got %v, want Partial", err)
	}
	list := make([]string, count)
	for i := range list {
		list[i] = "stored"
	}
	last := -1
	for _, f := range partial.Failed {
		if f.Index <= last || f.Reason == "" {
			t.Errorf("failure %+v: want a reason, in order", f)
		}
		last = f.Index
		list[f.Index] = []string{"again", "poison", "config"}[f.Answer]
	}
	return list
}

func badDocs(n, bad int) []event.Doc {
	docs := outputtest.Docs(n)
	docs[bad].JSON = []byte(`{"message":"never closed"`)
	return docs
}

func TestARefusedDocument(t *testing.T) {
	tests := map[string]struct {
		bad    int
		change func(*Config, *hecsim.Options)
		want   []string
		stored int
	}{
		"in the middle":                {2, nil, []string{"stored", "stored", "poison", "again", "again"}, 2},
		"the first":                    {0, nil, []string{"poison", "again", "again", "again", "again"}, 0},
		"the last":                     {4, nil, []string{"stored", "stored", "stored", "stored", "poison"}, 4},
		"where nothing is stored then": {2, func(c *Config, s *hecsim.Options) { c.ResendPrefix, s.DropsPrefix = true, true }, []string{"again", "again", "poison", "again", "again"}, 0},
		"with acknowledgement":         {2, withAcks, []string{"stored", "stored", "poison", "again", "again"}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), tt.change)
			got := failures(t, try(t, b, badDocs(5, tt.bad)), 5)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			if n := len(b.docs()); n != tt.stored {
				t.Errorf("got %d stored, want %d", n, tt.stored)
			}
		})
	}
}

func TestThePrefixOfARefusedRequestIsAcknowledgedToo(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		withAcks(c, s)
		c.AckTimeout = config.Duration(time.Second)
	})
	b.sim.Next(hecsim.Fault{NeverAcks: true})
	if err := try(t, b, badDocs(5, 3)); kindOf(err) != "again" {
		t.Errorf("got %v, want all of it again", err)
	}
}

func TestAPrefixWithoutAnIDIsSentAgain(t *testing.T) {
	two := 2
	b := openBench(t, outputtest.Deps(t), withAcks)
	if err := try(t, b, outputtest.Docs(1)); err != nil {
		t.Fatalf("send: %v", err)
	}
	b.sim.Next(hecsim.Fault{Code: 12, Number: &two})
	got := failures(t, try(t, b, outputtest.DocsFrom(1, 4)), 4)
	if diff := cmp.Diff([]string{"again", "again", "poison", "again"}, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
}

func TestARefusalThatNamesNoDocumentIsHalved(t *testing.T) {
	nine := 9
	for name, f := range map[string]hecsim.Fault{"no number": {Code: 6}, "a number beyond the last": {Code: 6, Number: &nine}} {
		b := openBench(t, outputtest.Deps(t), nil)
		b.sim.Next(f, f)
		if err := try(t, b, outputtest.Docs(3)); kindOf(err) != "too large" {
			t.Errorf("%s: got %v, want halves", name, err)
		}
		got := failures(t, try(t, b, outputtest.Docs(1)), 1)
		if diff := cmp.Diff([]string{"poison"}, got); diff != "" {
			t.Errorf("%s: one document (-want +got):\n%s", name, diff)
		}
	}
}

func TestACloudsLimitOfTheSize(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		s.Cloud, s.MaxBody = true, 1<<20
	})
	docs := outputtest.Docs(8)
	for i := range docs {
		docs[i].JSON = fmt.Appendf(nil, `{"message":%q}`, strings.Repeat("x", 200<<10))
	}
	if err := try(t, b, docs); kindOf(err) != "too large" {
		t.Errorf("got %v, want halves", err)
	}
	if err := try(t, b, docs[:4]); err != nil {
		t.Errorf("half of it: %v", err)
	}
}

func TestAnIndexThatTheTokenMayNotWriteTo(t *testing.T) {
	for _, prefix := range []bool{false, true} {
		b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
			c.Index = template(t, "rh_${retention.class}")
			s.IndexPrefix = prefix
			s.Tokens = map[string]hecsim.Token{testToken: {Indexes: []string{"rh_audit", "rh_standard"}}}
		})
		// The classes are audit, debug and standard in turn.
		got := failures(t, try(t, b, outputtest.Docs(7)), 7)
		want := []string{"again", "config", "again", "again", "config", "again", "again"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
		var rest []event.Doc
		for i, d := range outputtest.Docs(7) {
			if got[i] == "again" {
				rest = append(rest, d)
			}
		}
		if err := try(t, b, rest); err != nil {
			t.Errorf("the rest: %v", err)
		}
		for _, d := range rest {
			if !slices.Contains(b.docs(), string(d.JSON)) {
				t.Errorf("not stored: %s", d.JSON)
			}
		}
	}
}

func TestTheTokensDefaultIndexIsATargetToo(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *hecsim.Options) {
		c.Indexes = map[string]string{"audit": "evidence"}
		s.Tokens = map[string]hecsim.Token{testToken: {Indexes: []string{"evidence"}}}
	})
	docs := outputtest.Docs(3)
	got := failures(t, try(t, b, docs), 3)
	if diff := cmp.Diff([]string{"again", "config", "config"}, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	for i, want := range []string{"evidence", defaultTarget, defaultTarget} {
		if got := string(b.Partition(nil, &docs[i])); got != want {
			t.Errorf("document %d: got target %q, want %q", i, got, want)
		}
	}
}

func TestARefusedIndexThatIsNotNamed(t *testing.T) {
	for _, number := range []int{0, 99} {
		b := openBench(t, outputtest.Deps(t), func(c *Config, _ *hecsim.Options) { c.Index = template(t, "rh_${retention.class}") })
		b.sim.Next(hecsim.Fault{Code: 7, Number: &number}, hecsim.Fault{Code: 7})
		if err := try(t, b, outputtest.Docs(3)); kindOf(err) != "needs attention" {
			t.Errorf("number %d of three indexes: got %v, want Misconfigured", number, err)
		}
		got := failures(t, try(t, b, outputtest.Docs(1)), 1)
		if diff := cmp.Diff([]string{"config"}, got); diff != "" {
			t.Errorf("one index (-want +got):\n%s", diff)
		}
	}
}

func FuzzDecodeAnswer(f *testing.F) {
	f.Add(200, []byte(`{"text":"Success","code":0,"ackId":7}`))
	f.Add(400, []byte(`{"text":"Invalid data format","code":6,"invalid-event-number":2}`))
	f.Add(400, []byte(`{"code":7,"invalid-event-number":-1}`))
	f.Add(200, []byte(`{"acks":{"0":true}}`))
	o := openOffline(f, nil)
	docs := outputtest.Docs(4)
	r := outputtest.Request(f, o, docs)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := decodeAnswer(status, body)
		v := o.judge(a, r)
		if v.stored < 0 || v.stored > r.Count || v.stored < r.Count && v.err == nil {
			t.Fatalf("%d %q: %d stored, error %v", status, body, v.stored, v.err)
		}
		if v.err == nil && (a.status/100 != 2 || a.code != 0 && a.code != 24 && a.code != 25) {
			t.Errorf("%d %q: taken", status, body)
		}
		var partial *outputs.Partial
		if errors.As(v.err, &partial) {
			last := v.stored - 1
			for _, f := range partial.Failed {
				if f.Index <= last || f.Index >= r.Count {
					t.Errorf("%d %q: failure %d behind %d", status, body, f.Index, last)
				}
				last = f.Index
			}
		}
		_ = acknowledges(body, 0)
	})
}
