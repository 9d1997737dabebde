package cloudwatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func quoted(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always can be
	}
	return b
}

// docAt is a document of a service at a time. n tells it from others.
func docAt(at time.Time, n int, text string) event.Doc {
	return event.Doc{
		JSON: fmt.Appendf(nil, `{"message":%s,"service.name":"s","host.name":"h","n":%d}`, quoted(text), n),
		ID:   event.ID{Source: 1, Pos: int64(n) * 1000, Size: 1000}, Time: at.UnixMilli(), Retention: "audit",
	}
}

// try sends documents of one target as the pipeline does.
func try(t testing.TB, b *bench, docs []event.Doc) error {
	t.Helper()
	r := outputtest.Request(t, b.Output, docs)
	if len(docs) > 0 {
		r.Target = string(b.Partition(nil, &docs[0]))
	}
	err := b.Send(t.Context(), r)
	outputtest.Poison(r)
	return err
}

// value reads a counter.
func value(t testing.TB, c prometheus.Counter) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families[0].GetMetric()[0].GetCounter().GetValue()
}

// numbers are the n of what is stored, in the order in which it was stored.
func numbers(t testing.TB, b *bench) []int64 {
	t.Helper()
	var list []int64
	for _, e := range b.sim.Events() {
		n, ok := e.Number("n")
		if !ok {
			t.Fatalf("stored %.100q: no document", e.Message)
		}
		list = append(list, n)
	}
	return list
}

func wantNumbers(t *testing.T, b *bench, want ...int64) {
	t.Helper()
	if got := numbers(t, b); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("stored %v, want %v", got, want)
	}
}

func wantFailed(t *testing.T, err error, want ...outputs.Failure) {
	t.Helper()
	var partial *outputs.Partial
	if !errors.As(err, &partial) {
		t.Fatalf("got %v, want Partial", err)
	}
	for i, f := range partial.Failed {
		if i >= len(want) || f.Index != want[i].Index || f.Answer != want[i].Answer || !strings.Contains(f.Reason, want[i].Reason) {
			t.Errorf("failure %d: got %+v, want %+v", i, f, want)
			return
		}
	}
	if len(partial.Failed) != len(want) {
		t.Errorf("got %+v, want %+v", partial.Failed, want)
	}
}

// The simulator refuses a call that breaks any limit, so that what is stored
// exactly once was within them.
func TestAnyRequestIsDividedIntoCallsThatTheServiceTakes(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 7))
		b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) {
			c.OnLarge, c.MaxEventSize = []string{onLargeCut, onLargeSplit}[seed%2], maxCallBytes-perEvent
		})
		var docs []event.Doc
		for n := range 1 + r.IntN(60) {
			at := noon.Add(-time.Duration(r.Int64N(int64(time.Duration(1+r.IntN(10)) * day))))
			docs = append(docs, docAt(at, n, strings.Repeat(string("a\"\x01é"[r.IntN(4)]), 1<<r.IntN(18))))
		}
		if err := try(t, b, docs); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		seen := map[int64]int{}
		for _, n := range numbers(t, b) {
			seen[n]++
		}
		for n := range docs {
			if seen[int64(n)] != 1 {
				t.Errorf("seed %d: document %d is stored %d times", seed, n, seen[int64(n)])
			}
		}
	}
}

func TestLimitsOfOneCall(t *testing.T) {
	size := func(d event.Doc) int { return len(d.JSON) }
	exact := func(total int) []event.Doc { // two documents that count as total bytes
		first := docAt(noon, 0, strings.Repeat("a", 500000))
		second := docAt(noon, 1, "")
		return []event.Doc{first, docAt(noon, 1, strings.Repeat("a", total-2*perEvent-size(first)-size(second)))}
	}
	small := func(n int) (docs []event.Doc) {
		for i := range n {
			docs = append(docs, docAt(noon, i, ""))
		}
		return docs
	}
	tests := []struct {
		name  string
		docs  []event.Doc
		calls int
	}{
		{"as many bytes as a call can have", exact(maxCallBytes), 1},
		{"one byte more", exact(maxCallBytes + 1), 2},
		{"as many events as a call can have", small(maxCallEvents), 1},
		{"one event more", small(maxCallEvents + 1), 2},
		{"a bit less than a day", []event.Doc{docAt(noon.Add(-day+time.Millisecond), 0, ""), docAt(noon, 1, "")}, 1},
		{"a day and more", []event.Doc{docAt(noon.Add(-day-time.Millisecond), 0, ""), docAt(noon, 1, "")}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), nil)
			b.sim.Make("/sluice/s/audit", 0, "h")
			if err := try(t, b, tt.docs); err != nil {
				t.Fatalf("send: %v", err)
			}
			if got := b.sim.Calls("PutLogEvents"); got != tt.calls {
				t.Errorf("got %d calls, want %d", got, tt.calls)
			}
			if got := len(b.sim.Events()); got != len(tt.docs) {
				t.Errorf("got %d events, want %d", got, len(tt.docs))
			}
		})
	}
}

func TestEventsAreSortedByTimeAndKeepTheirOrder(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	at := noon.Add(-time.Minute)
	docs := []event.Doc{docAt(at.Add(2*time.Second), 0, ""), docAt(at, 1, ""), docAt(at.Add(time.Second), 2, ""), docAt(at, 3, ""), docAt(at, 4, "")}
	if err := try(t, b, docs); err != nil {
		t.Fatalf("send: %v", err)
	}
	wantNumbers(t, b, 1, 3, 4, 2, 0)
}

func TestTimesThatTheServiceRefuses(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(_ *Config, s *cwsim.Options) {})
	docs := []event.Doc{
		docAt(noon.Add(-15*day), 0, ""), docAt(noon.Add(-13*day), 1, ""), docAt(noon, 2, ""),
		docAt(noon.Add(3*time.Hour), 3, ""), docAt(time.UnixMilli(-5), 4, ""), docAt(noon.Add(-time.Hour), 5, ""),
	}
	for _, about := range []string{"the service says", "more than"} { // the first time its clock is not known
		calls := b.sim.Calls("PutLogEvents")
		wantFailed(t, try(t, b, docs),
			outputs.Failure{Index: 0, Answer: outputs.Poison, Reason: "too old"},
			outputs.Failure{Index: 3, Answer: outputs.Poison, Reason: "too new"},
			outputs.Failure{Index: 4, Answer: outputs.Poison, Reason: "before 1970"})
		t.Logf("%s: %d calls", about, b.sim.Calls("PutLogEvents")-calls)
	}
	wantNumbers(t, b, 1, 5, 2, 1, 5, 2)
	if got := value(t, b.metrics.rejected); got != 6 {
		t.Errorf("rejected: got %v, want 6", got)
	}
}

func TestWhatIsSurelyRefusedIsNotSent(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil { // the service's clock is known now
		t.Fatal(err)
	}
	calls := b.sim.Calls("PutLogEvents")
	wantFailed(t, try(t, b, []event.Doc{docAt(noon.Add(-15*day), 1, ""), docAt(noon.Add(3*time.Hour), 2, "")}),
		outputs.Failure{Index: 0, Answer: outputs.Poison, Reason: "too old: more than 14 days"},
		outputs.Failure{Index: 1, Answer: outputs.Poison, Reason: "too new: more than 2 hours"})
	if got := b.sim.Calls("PutLogEvents"); got != calls {
		t.Errorf("got %d calls, want none", got-calls)
	}
	// Near a limit the service judges.
	wantFailed(t, try(t, b, []event.Doc{docAt(noon.Add(-14*day-time.Minute), 3, ""), docAt(noon.Add(-14*day+time.Minute), 4, "")}),
		outputs.Failure{Index: 0, Answer: outputs.Poison, Reason: "too old, the service says"})
	wantNumbers(t, b, 0, 4)
}

func TestExpiredEventsAreForeseenByWhatTheGroupReallyKeeps(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Make("/sluice/s/audit", 3, "h") // a person's choice, less than the class's
	docs := []event.Doc{docAt(noon.Add(-4*day), 0, ""), docAt(noon.Add(-2*day), 1, "")}
	wantFailed(t, try(t, b, docs), outputs.Failure{Index: 0, Answer: outputs.Poison, Reason: "expired, the service says"})
	wantFailed(t, try(t, b, docs), outputs.Failure{Index: 0, Answer: outputs.Poison, Reason: "expired: older than the 3 days"})
	wantNumbers(t, b, 1, 1)
}

// A clock of ours that is wrong must not make dead letters of a whole stream.
func TestOurClockDecidesNothing(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.now = func() time.Time { return noon.Add(60 * day) }
	for n := range 2 {
		if err := try(t, b, []event.Doc{docAt(noon, n, "")}); err != nil {
			t.Errorf("send %d: %v", n, err)
		}
	}
	wantNumbers(t, b, 0, 1)
}

func TestWhatWasTakenIsNotSentAgain(t *testing.T) {
	faults := map[string]struct {
		fault  cwsim.Fault
		answer outputs.Answer
	}{
		"throttled":     {cwsim.Fault{Status: 400, Kind: "ThrottlingException"}, outputs.Retry},
		"cut":           {cwsim.Fault{CutBefore: true}, outputs.Retry},
		"unauthorized":  {cwsim.Fault{Status: 400, Kind: "AccessDeniedException"}, outputs.NeedConfig},
		"too large":     {cwsim.Fault{Status: 413}, outputs.Retry},
		"expired token": {cwsim.Fault{Status: 400, Kind: "ExpiredTokenException"}, outputs.NeedConfig},
	}
	for name, tt := range faults {
		t.Run(name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), nil)
			b.sim.Make("/sluice/s/audit", 0, "h")
			docs := []event.Doc{docAt(noon, 0, ""), docAt(noon.Add(-3*day), 1, ""), docAt(noon.Add(-1*day), 2, ""), docAt(noon.Add(-20*day), 3, "")}
			b.sim.Next("PutLogEvents", cwsim.Fault{}, cwsim.Fault{}, tt.fault) // calls: 3, 1, 2 and 0
			wantFailed(t, try(t, b, docs),
				outputs.Failure{Index: 0, Answer: tt.answer}, outputs.Failure{Index: 2, Answer: tt.answer},
				outputs.Failure{Index: 3, Answer: outputs.Poison, Reason: "too old"})
			if err := try(t, b, []event.Doc{docs[0], docs[2]}); err != nil {
				t.Fatalf("again: %v", err)
			}
			wantNumbers(t, b, 1, 2, 0)
		})
	}
}

func TestLostAnswersAreCountedAsPossibleRepeats(t *testing.T) {
	tests := map[string]struct {
		fault cwsim.Fault
		want  float64
	}{
		"cut after storing":        {cwsim.Fault{CutAfter: true}, 2},
		"500 after storing":        {cwsim.Fault{StatusAfter: 500}, 2},
		"half an answer":           {cwsim.Fault{Rewrite: func(a []byte) []byte { return a[:3] }}, 2},
		"an empty answer":          {cwsim.Fault{Rewrite: func([]byte) []byte { return nil }}, 2},
		"an empty page":            {cwsim.Fault{Status: 200}, 2},
		"a page that is no object": {cwsim.Fault{Status: 200, Body: "[]"}, 2},
		"null":                     {cwsim.Fault{Status: 200, Body: "null"}, 2},
		"a page of a proxy":        {cwsim.Fault{Rewrite: func([]byte) []byte { return []byte("<html>") }}, 2},
		"throttled":                {cwsim.Fault{Status: 400, Kind: "ThrottlingException"}, 0},
		"service is not up":        {cwsim.Fault{Status: 503, Kind: "ServiceUnavailableException"}, 0},
		"indexes of nothing":       {cwsim.Fault{Rewrite: func([]byte) []byte { return []byte(`{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":7}}`) }}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), nil)
			b.sim.Make("/sluice/s/audit", 0, "h")
			b.sim.Next("PutLogEvents", tt.fault)
			if err := try(t, b, []event.Doc{docAt(noon, 0, ""), docAt(noon, 1, "")}); err == nil {
				t.Error("got no error")
			}
			if got := value(t, b.metrics.possibleRepeats); got != tt.want {
				t.Errorf("possible repeats: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAnUnreachableServiceIsNoPossibleRepeat(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.Endpoints = []string{"http://127.0.0.1:1"} })
	err := try(t, b, []event.Doc{docAt(noon, 0, "")})
	if err == nil || kindOf(err) != "plain" {
		t.Errorf("got %v, want a plain error", err)
	}
	if got := value(t, b.metrics.possibleRepeats); got != 0 {
		t.Errorf("possible repeats: got %v, want 0", got)
	}
}

func TestRequestsOfSeveralTargets(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	docs := outputtest.Docs(60)
	r := outputtest.Request(t, b.Output, docs)
	if err := b.Send(t.Context(), r); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got := len(b.sim.Groups()); got != 6 {
		t.Errorf("got %d groups, want 6: two services, three classes", got)
	}
	for _, e := range b.sim.Events() {
		class := e.Group[strings.LastIndexByte(e.Group, '/')+1:]
		if !strings.Contains(e.Message, `"labels.retention":"`+class+`"`) {
			t.Errorf("group %s has %s", e.Group, e.Message)
		}
	}
}

func TestOneDocumentThatIsRefusedAloneIsADeadLetter(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Make("/sluice/s/audit", 0, "h")
	refuse := cwsim.Fault{Status: 400, Body: `{"__type":"InvalidParameterException","message":"Log event too large: 9 bytes exceeds limit of 8"}`}
	b.sim.Next("PutLogEvents", refuse, refuse)
	if err := try(t, b, []event.Doc{docAt(noon, 0, ""), docAt(noon, 1, "")}); !errors.Is(err, outputs.ErrTooLarge) {
		t.Errorf("two: got %v, want ErrTooLarge: the pipeline halves them", err)
	}
	wantFailed(t, try(t, b, []event.Doc{docAt(noon, 0, "")}), outputs.Failure{Index: 0, Answer: outputs.Poison, Reason: "Log event too large"})
}

func TestBytesThatAreNoTextAreReplaced(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	d := docAt(noon, 0, "")
	d.JSON = bytes.Replace(d.JSON, []byte(`"message":"`), []byte("\"message\":\"\xff\xfe \xed\xa0\x80"), 1)
	if err := try(t, b, []event.Doc{d}); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got, want := b.stored()[0], `{"message":"`+"\ufffd\ufffd \ufffd\ufffd\ufffd"+`",`; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
