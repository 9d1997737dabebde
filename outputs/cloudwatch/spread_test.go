package cloudwatch

import (
	"fmt"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

// press notes n full requests of a lane that follow each other with pauses.
func press(o *Output, l *lane, n int, took, pause time.Duration) {
	at := noon
	for range n {
		start := at.Add(pause)
		at = start.Add(took)
		o.now = func() time.Time { return at }
		o.watchLoad(l, &outputs.Request{Size: requestBytes, Count: 1000}, start)
	}
}

func TestAStreamThatIsTooSlowIsSpread(t *testing.T) {
	tests := []struct {
		name        string
		n           int
		took, pause time.Duration
		want        int32
	}{
		{"full requests without a pause", 30, time.Second, 0, 2},
		{"for long", 300, time.Second, 0, 4},
		{"a few", 10, time.Second, 0, 1},
		{"for a moment only", 30, 50 * time.Millisecond, 0, 1},
		{"with pauses", 300, time.Second, time.Second, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := openOffline(t, nil)
			d := doc("s", "h", "audit")
			l := o.targets.of(&d)
			press(o, l, tt.n, tt.took, tt.pause)
			if got := l.stream.width.Load(); got != tt.want {
				t.Errorf("got %d streams, want %d", got, tt.want)
			}
		})
	}
	o := openOffline(t, func(c *Config) { c.MaxSpread = 1 })
	d := doc("s", "h", "audit")
	press(o, o.targets.of(&d), 300, time.Second, 0)
	if got := o.targets.of(&d).stream.width.Load(); got != 1 {
		t.Errorf("with max_spread = 1: got %d streams", got)
	}
}

func TestSmallRequestsDoNotSpread(t *testing.T) {
	o := openOffline(t, nil)
	d := doc("s", "h", "audit")
	l := o.targets.of(&d)
	at := noon
	for range 300 {
		start := at
		at = at.Add(time.Second)
		o.now = func() time.Time { return at }
		o.watchLoad(l, &outputs.Request{Size: 1000, Count: 10}, start)
	}
	if got := l.stream.width.Load(); got != 1 {
		t.Errorf("got %d streams, want 1", got)
	}
}

func TestASpreadStreamHasAllItsLanes(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	first := docAt(noon, 0, "")
	b.targets.of(&first).stream.width.Store(3)
	byTarget := map[string][]event.Doc{}
	for n := range 4000 {
		d := docAt(noon, n, "")
		target := partition(b.Output, d)
		if again := partition(b.Output, d); again != target {
			t.Fatalf("document %d: %s and then %s", n, target, again)
		}
		byTarget[target] = append(byTarget[target], d)
	}
	for _, want := range []string{"/sluice/s/audit:h", "/sluice/s/audit:h/2", "/sluice/s/audit:h/3"} {
		if got := len(byTarget[want]); got < 800 {
			t.Errorf("%s: got %d documents of 4000, want a third", want, got)
		}
	}
	for _, docs := range byTarget {
		if err := try(t, b, docs); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	if got, want := fmt.Sprint(b.sim.Groups()["/sluice/s/audit"].Streams), "[h h/2 h/3]"; got != want {
		t.Errorf("got streams %s, want %s", got, want)
	}
	if got := len(b.sim.Events()); got != 4000 {
		t.Errorf("got %d events, want 4000", got)
	}
}

// What was held of a target that this agent has not seen goes to its stream.
func TestATargetOfAnEarlierRunIsSent(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(_ *Config, _ *cwsim.Options) {})
	r := outputtest.Request(t, b.Output, []event.Doc{docAt(noon, 0, "")})
	r.Target = "/sluice/s/audit:h/2"
	if err := b.Send(t.Context(), r); err != nil {
		t.Fatalf("send: %v", err)
	}
	wantNumbers(t, b, 0)
}
