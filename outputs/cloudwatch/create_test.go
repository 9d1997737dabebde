package cloudwatch

import (
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestMissingGroupsAreMade(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) {
		c.LogGroupClass, c.Tags = classInfrequentAccess, map[string]string{"team": "platform"}
	})
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Fatalf("send: %v", err)
	}
	want := map[string]cwsim.Group{"/sluice/s/audit": {Class: "INFREQUENT_ACCESS", Days: 400, Tags: map[string]string{"team": "platform"}, Streams: []string{"h"}}}
	if diff := cmp.Diff(b.sim.Groups(), want); diff != "" {
		t.Errorf("groups (-got +want):\n%s", diff)
	}
	if err := try(t, b, []event.Doc{docAt(noon, 1, "")}); err != nil {
		t.Fatalf("send again: %v", err)
	}
	if got := b.sim.Calls("CreateLogGroup") + b.sim.Calls("CreateLogStream"); got != 3 {
		t.Errorf("got %d calls to make things, want 3", got)
	}
}

func TestGroupsThatAreThereStay(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Make("/sluice/s/audit", 7) // a person's choice
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Fatalf("send: %v", err)
	}
	if got := b.sim.Groups()["/sluice/s/audit"].Days; got != 7 {
		t.Errorf("it keeps for %d days now, want 7", got)
	}
}

func TestAGroupThatVanishesIsMadeAgain(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	for n := range 2 {
		if err := try(t, b, []event.Doc{docAt(noon, n, "")}); err != nil {
			t.Fatalf("send: %v", err)
		}
		if got := b.sim.Groups()["/sluice/s/audit"].Days; got != 400 {
			t.Errorf("time %d: it keeps for %d days, want 400", n, got)
		}
		b.sim.Delete("/sluice/s/audit")
	}
}

// A group that is made and has no retention yet would keep for ever.
func TestARetentionThatCouldNotBeSetIsSetLater(t *testing.T) {
	for _, fault := range []cwsim.Fault{{Status: 400, Kind: "ThrottlingException"}, {CutBefore: true}, {Status: 500}} {
		b := openBench(t, outputtest.Deps(t), nil)
		b.sim.Next("PutRetentionPolicy", fault, fault)
		for range 2 {
			if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err == nil {
				t.Errorf("%+v: got no error", fault)
			}
		}
		if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		if got := b.sim.Groups()["/sluice/s/audit"].Days; got != 400 {
			t.Errorf("%+v: it keeps for %d days, want 400", fault, got)
		}
		wantNumbers(t, b, 0)
	}
}

func TestWhoMayNotSetRetentionCanSend(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(_ *Config, s *cwsim.Options) { s.Denied = []string{"PutRetentionPolicy", "DescribeLogGroups"} })
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Errorf("send: %v", err)
	}
	wantNumbers(t, b, 0)
}

func TestWhatOnlyAPersonCanMake(t *testing.T) {
	tests := map[string]func(b *bench){
		"no right to make groups":  func(b *bench) { b.sim.Next("CreateLogGroup", cwsim.Fault{Status: 400, Kind: "AccessDeniedException"}) },
		"no right to make streams": func(b *bench) { b.sim.Next("CreateLogStream", cwsim.Fault{Status: 400, Kind: "AccessDeniedException"}) },
		"too many groups":          func(b *bench) { b.sim.Next("CreateLogGroup", cwsim.Fault{Status: 400, Kind: "LimitExceededException"}) },
		"bootstrap is never":       func(b *bench) { b.config.Bootstrap = bootstrapNever },
	}
	for name, arrange := range tests {
		t.Run(name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), nil)
			arrange(b)
			if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); kindOf(err) != "config" {
				t.Errorf("got %v, want Misconfigured", err)
			}
			b.sim.Make("/sluice/s/audit", 0, "h") // a person acted
			if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestThrottledCreationIsThrottled(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Next("CreateLogStream", cwsim.Fault{Status: 400, Kind: "ThrottlingException"})
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); kindOf(err) != "throttled" {
		t.Errorf("got %v, want Throttled", err)
	}
}

// The agents of all nodes start together.
func TestManyAgentsMakeOneGroup(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	var wg sync.WaitGroup
	for k := range 8 {
		o := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.Endpoints = []string{b.url} })
		wg.Go(func() {
			if err := try(t, o, []event.Doc{docAt(noon, k, "")}); err != nil {
				t.Errorf("agent %d: %v", k, err)
			}
		})
	}
	wg.Wait()
	if got := len(b.sim.Events()); got != 8 {
		t.Errorf("got %d events, want 8", got)
	}
	if got := b.sim.Groups()["/sluice/s/audit"].Days; got != 400 {
		t.Errorf("it keeps for %d days, want 400", got)
	}
}

func TestAGroupThatIsNotSeenYetIsNoDeadLetter(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Always("PutLogEvents", cwsim.Fault{Status: 400, Kind: "ResourceNotFoundException"})
	err := try(t, b, []event.Doc{docAt(noon, 0, "")})
	if kindOf(err) != "plain" {
		t.Errorf("got %v, want a plain error", err)
	}
}

func TestAReleasedBodyIsNotRead(t *testing.T) {
	p := newPayload([]byte("body"))
	buf := make([]byte, 2)
	if n, err := p.Read(buf); n != 2 || err != nil {
		t.Fatalf("read: %d, %v", n, err)
	}
	p.release()
	if _, err := p.Read(buf); !errors.Is(err, errReleased) {
		t.Errorf("read after release: %v", err)
	}
	if _, err := p.Seek(0, io.SeekStart); !errors.Is(err, errReleased) {
		t.Errorf("seek after release: %v", err)
	}
}

var _ outputs.Partitioner = (*Output)(nil)
