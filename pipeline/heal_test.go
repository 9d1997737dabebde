package pipeline_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/internal/fsx"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/pipeline"
)

// twice is a script that can be read again, unless fail says otherwise.
type twice struct {
	script
	fail func(ctx context.Context) error

	before func() // nil is nothing
	asked  atomic.Int64
}

func (s *twice) Reread(ctx context.Context, source uint64, _ []inputs.Position, want []inputs.Extent) (*event.Batch, error) {
	s.asked.Add(1)
	if s.fail != nil {
		return nil, s.fail(ctx)
	}
	if s.before != nil {
		s.before()
	}
	b := event.NewBatch(&event.Source{ID: source, Input: "fake.in", Name: "script"})
	for _, e := range want {
		b.AddLine([]byte(s.lines[e.Pos]), e.Pos, int(e.Size))
	}
	return b, nil
}

// harmed is an agent's folder in which output x.had has all lines, x.lacks
// none, and the bodies of some records are damaged.
type harmed struct {
	dir    string
	had    *store
	lacks  *wrapStore
	lines  []string
	routes []pipeline.Route
}

func newHarmed(t *testing.T, routes []pipeline.Route, records ...int) *harmed {
	t.Helper()
	h := &harmed{dir: t.TempDir(), had: &store{}, lines: lines(100), routes: routes}
	h.lacks = &wrapStore{store: store{answer: down}, id: 5}
	h.run(t, &script{lines: h.lines, id: 1, each: 10}, func(pipeline.Status) bool { return h.had.count() == 100 })
	h.lacks.answer = nil
	flip(t, h.dir+"/buffer", records...)
	return h
}

func down(int, []string) error { return errors.New("down") }

func (h *harmed) plan(t *testing.T, in inputs.Input) *pipeline.Plan {
	p := plan(t, h.dir, nil, map[string]outputs.Output{"x.had": h.had, "x.lacks": h.lacks})
	p.Inputs[0].Open = func(inputs.Deps) (inputs.Input, error) { return in, nil }
	p.Routes, p.ShutdownTimeout = h.routes, 100*time.Millisecond
	p.Buffer.Durability = buffer.Strict // a record for each cut: none waits to be merged
	return p
}

// run runs an agent until done is true of its status.
func (h *harmed) run(t *testing.T, in inputs.Input, done func(s pipeline.Status) bool) {
	t.Helper()
	h.runPlan(t, h.plan(t, in), done)
}

func (h *harmed) runPlan(t *testing.T, p *pipeline.Plan, done func(s pipeline.Status) bool) {
	t.Helper()
	agent, err := pipeline.Open(p, pipeline.Env{Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx, p) }()
	until(t, func() bool { return done(agent.Status()) })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// has is a condition for run: the output that lacked all has n lines.
func (h *harmed) has(n int) func(pipeline.Status) bool {
	return func(pipeline.Status) bool { return h.lacks.count() == n }
}

// flip changes the bodies of some records with documents, by number.
func flip(t *testing.T, dir string, records ...int) {
	t.Helper()
	segments, err := filepath.Glob(dir + "/*.slg")
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	b, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	for at, n := 0, 0; at+96 <= len(b); at += 8 {
		field := func(off int) int { return int(binary.LittleEndian.Uint32(b[at+off:])) }
		if string(b[at:at+4]) != "SLCR" || field(24) == 0 {
			continue
		}
		for _, r := range records {
			if r == n {
				b[at+96+field(28)+field(48)+field(52)/2] ^= 0x20
			}
		}
		n++
	}
	if err := os.WriteFile(segments[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedRecordIsReadAgainForTheOutputThatLacksIt(t *testing.T) {
	h := newHarmed(t, nil, 2, 3, 6)
	h.run(t, &twice{script: script{lines: h.lines, id: 1, each: 10}}, func(s pipeline.Status) bool {
		return h.lacks.count() == 100 && s.Damage.Reread == 30 && len(s.Damage.Lost) == 0
	})
	want(t, "the output that had them", h.had, 100)
	want(t, "the output that lacked them", &h.lacks.store, 100)
}

func TestWhatCannotBeReadAgainIsCountedWithTheReason(t *testing.T) {
	gone := &twice{script: script{lines: lines(100), id: 1, each: 10}, fail: func(context.Context) error { return inputs.ErrGone }}
	cases := map[string]inputs.Input{
		"its source is gone, or holds something else": gone,
		"its source cannot be read twice":             &script{lines: lines(100), id: 1, each: 10},
	}
	for reason, in := range cases {
		t.Run(reason, func(t *testing.T) {
			h := newHarmed(t, nil, 2, 6)
			h.run(t, in, func(s pipeline.Status) bool {
				lost := map[string]int64{}
				for _, o := range s.Outputs {
					lost[o.Name] = o.Damaged
				}
				return h.lacks.count() == 80 && maps.Equal(lost, map[string]int64{"x.had": 0, "x.lacks": 20}) &&
					maps.Equal(s.Damage.Lost, map[string]int64{reason: 20})
			})
		})
	}
}

func TestWhatTheInputReadsAgainByItselfIsNotReadTwice(t *testing.T) {
	h := newHarmed(t, nil, 4, 9) // the last cut's positions do not count, since it is not whole
	in := &twice{script: script{lines: h.lines, id: 1, each: 10}}
	h.run(t, in, h.has(100))
	want(t, "the output that lacked them", &h.lacks.store, 100)
	if n := in.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}

func TestAReloadOfRoutesDoesNotSendReplacedDocumentsToOthers(t *testing.T) {
	all := []pipeline.Route{{Name: "all", Hash: 1, To: []string{"x.had", "x.lacks"}}}
	h := newHarmed(t, all, 2, 6)
	h.lacks.answer = down
	in := &twice{script: script{lines: h.lines, id: 1, each: 10}}
	h.run(t, in, func(s pipeline.Status) bool { return s.Damage.Reread == 20 })
	h.lacks.answer = nil
	h.routes = []pipeline.Route{{Name: "all", Hash: 2, To: []string{"x.had", "x.lacks"}}}
	h.run(t, in, h.has(100))
	want(t, "the output that had them", h.had, 100)
	want(t, "the output that lacked them", &h.lacks.store, 100)
}

func TestRoutesChooseAmongTheOutputsThatLackADamagedRecord(t *testing.T) {
	h := newHarmed(t, nil, 2, 6)
	h.routes = []pipeline.Route{{Name: "sevens", Where: endsIn("7"), Hash: 7, To: []string{"x.had"}}, {Name: "rest", To: []string{"x.lacks"}}}
	h.run(t, &twice{script: script{lines: h.lines, id: 1, each: 10}}, h.has(90))
	want(t, "the output that had them", h.had, 100)
	want(t, "the output that lacked them", &h.lacks.store, 90)
}

func TestAnAgentThatEndsWhileItReadsAgainBeginsAnew(t *testing.T) {
	h := newHarmed(t, nil, 2, 6)
	hangs := &twice{script: script{lines: h.lines, id: 1, each: 10}, fail: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	h.run(t, hangs, func(s pipeline.Status) bool {
		return hangs.asked.Load() == 1 && h.lacks.count() == 80 && len(s.Damage.Lost) == 0
	})
	h.run(t, &twice{script: script{lines: h.lines, id: 1, each: 10}}, h.has(100))
	want(t, "the output that lacked them", &h.lacks.store, 100)
}

// gate is a file system whose syncs wait while it is shut.
type gate struct {
	fsx.OS
	mu sync.RWMutex // locked while it is shut
}

type gated struct {
	fsx.File
	gate *gate
}

func (g *gate) OpenFile(name string, flag int, perm fs.FileMode) (fsx.File, error) {
	f, err := g.OS.OpenFile(name, flag, perm)
	return gated{f, g}, err
}

func (f gated) Sync() error {
	f.gate.mu.RLock()
	defer f.gate.mu.RUnlock()
	return f.File.Sync()
}

func TestADamagedRecordIsNotPassedBeforeItsReplacementIsOnDisk(t *testing.T) {
	h := newHarmed(t, nil, 2)
	g := &gate{}
	in := &twice{script: script{lines: h.lines, id: 1, each: 10}}
	in.before = func() { g.mu.Lock() }
	p := h.plan(t, in)
	p.Buffer.FS = g
	var pending uint64
	h.runPlan(t, p, func(s pipeline.Status) bool {
		if h.lacks.count() < 100 {
			return false
		}
		for _, o := range s.Outputs {
			if o.Name == "x.lacks" {
				pending = o.Pending
			}
		}
		g.mu.Unlock()
		return true
	})
	if pending != 10 {
		t.Errorf("%d documents are pending though all came, want the 10 that are not on disk again", pending)
	}
}

func TestABufferThatIsFullBecauseOfADamagedRecordGoesOn(t *testing.T) {
	h := &harmed{dir: t.TempDir(), had: &store{}}
	h.lacks = &wrapStore{store: store{answer: down}, id: 5}
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		h.lines = append(h.lines, fmt.Sprintf("line %d %x%x%x%x", i, noise.Uint64(), noise.Uint64(), noise.Uint64(), noise.Uint64()))
	}
	in := &twice{script: script{lines: h.lines, id: 1, each: 10}}
	small := func() *pipeline.Plan {
		p := h.plan(t, in)
		p.Buffer.MaxSize = 64 << 10
		return p
	}
	h.runPlan(t, small(), func(s pipeline.Status) bool { return s.Buffer.Condition == buffer.Full })
	flip(t, h.dir+"/buffer", 2)
	h.lacks.answer = nil
	h.runPlan(t, small(), func(s pipeline.Status) bool {
		return h.had.count() == 1000 && h.lacks.count() == 990 && s.Damage.Lost["the buffer is full because of it"] == 10
	})
}
