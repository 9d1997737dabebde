package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/pipeline"
)

// memory is a log that keeps the records of each cut, or refuses them.
type memory struct {
	cuts   [][]*buffer.Record
	refuse error
}

func (m *memory) Append(_ context.Context, cut []*buffer.Record) (buffer.Ticket, error) {
	if m.refuse != nil {
		return buffer.Ticket{}, m.refuse
	}
	m.cuts = append(m.cuts, cut)
	return buffer.Ticket{}, nil
}

// state is what the log's state would be.
func (m *memory) state() map[string][]byte {
	s := map[string][]byte{}
	for _, cut := range m.cuts {
		for _, r := range cut {
			for _, e := range r.State {
				if e.Value == nil {
					delete(s, e.Key)
				} else {
					s[e.Key] = e.Value
				}
			}
		}
	}
	return s
}

// dropper drops every record.
type dropper struct{}

func (dropper) Apply(b *event.Batch, i int, _ event.Record) { b.Row(i).Flags |= event.Dropped }

func newIngest(log pipeline.Appender, state map[string][]byte, now func() time.Time, enrich ...pipeline.Enricher) *pipeline.Ingest {
	in := pipeline.NewIngest(log, state, &event.Pool{}, slog.New(slog.DiscardHandler), now)
	in.SetGraph(pipeline.NewGraph(&pipeline.GraphPlan{
		Chains:  map[string]pipeline.Chain{"fake.in": {Parser: rawParser{}, Enrich: enrich}},
		Classes: []pipeline.Class{{Name: "standard"}}, Default: "standard",
	}, pipeline.NewRoutes(nil), nil))
	return in
}

// batch is n lines of a source from an offset on.
func batch(src *event.Source, from, n int) *event.Batch {
	b := event.NewBatch(src)
	b.Start, b.End, b.State = int64(from), int64(from+n), []byte("anchor")
	for i := range n {
		b.AddLine([]byte("a line"), int64(from+i), 1)
	}
	return b
}

func TestPositionsComeBackFromTheLog(t *testing.T) {
	log := &memory{}
	in := newIngest(log, nil, time.Now)
	src := &event.Source{ID: 7, Input: "fake.in", Name: "app.log", Stream: "stdout", Reread: true}
	for _, from := range []int{0, 10} {
		if _, err := in.Emit(t.Context(), []*event.Batch{batch(src, from, 10)}); err != nil {
			t.Fatal(err)
		}
	}
	if !log.cuts[0][0].Introduces || log.cuts[1][0].Introduces {
		t.Error("only the first cut introduces the source")
	}
	got := newIngest(log, log.state(), time.Now).Saved("fake.in")[7]
	if got.Name != "app.log" || got.Stream != "stdout" || got.End != 20 || string(got.State) != "anchor" {
		t.Errorf("position %+v", got)
	}
}

func TestARefusedCutMovesNoPosition(t *testing.T) {
	log := &memory{}
	in := newIngest(log, nil, time.Now)
	src := &event.Source{ID: 7, Input: "fake.in", Name: "app.log", Reread: true}
	if _, err := in.Emit(t.Context(), []*event.Batch{batch(src, 0, 10)}); err != nil {
		t.Fatal(err)
	}
	log.refuse = errors.New("closed")
	if _, err := in.Emit(t.Context(), []*event.Batch{batch(src, 10, 10)}); !errors.Is(err, log.refuse) {
		t.Fatalf("error %v, want %v", err, log.refuse)
	}
	if got := in.Saved("fake.in")[7].End; got != 10 {
		t.Errorf("position %d, want 10", got)
	}
}

func TestDroppedLinesMoveThePositionAtMostOnceASecond(t *testing.T) {
	log := &memory{}
	clock := time.Unix(1000, 0)
	in := newIngest(log, nil, func() time.Time { return clock }, dropper{})
	src := &event.Source{ID: 7, Input: "fake.in", Name: "app.log", Reread: true}
	emit := func(from int) {
		t.Helper()
		if _, err := in.Emit(t.Context(), []*event.Batch{batch(src, from, 10)}); err != nil {
			t.Fatal(err)
		}
	}
	emit(0)
	emit(10)
	emit(20)
	if len(log.cuts) != 1 {
		t.Errorf("%d records within a second, want 1", len(log.cuts))
	}
	clock = clock.Add(time.Second)
	emit(30)
	if got := newIngest(log, log.state(), time.Now).Saved("fake.in")[7].End; got != 40 {
		t.Errorf("position %d, want 40", got)
	}
	emit(40)
	if err := in.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := newIngest(log, log.state(), time.Now).Saved("fake.in")[7].End; got != 50 {
		t.Errorf("position %d after the flush, want 50", got)
	}
	if got := in.Tally().Dropped; got != 50 {
		t.Errorf("%d dropped, want 50", got)
	}
}

func TestAForgottenSourceLeavesNothing(t *testing.T) {
	log := &memory{}
	in := newIngest(log, nil, time.Now)
	src := &event.Source{ID: 7, Input: "fake.in", Name: "app.log", Reread: true}
	last := event.NewBatch(src)
	last.Start, last.End, last.Done = 10, 10, true
	for _, b := range []*event.Batch{batch(src, 0, 10), last} {
		if _, err := in.Emit(t.Context(), []*event.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := log.state(); len(got) != 0 {
		t.Errorf("state %q is left", got)
	}
}

func TestWhatCannotBeReadAgainIsSyncedSoon(t *testing.T) {
	log := &memory{}
	in := newIngest(log, nil, time.Now)
	if _, err := in.Emit(t.Context(), []*event.Batch{batch(&event.Source{ID: 7, Input: "fake.in", Name: "stdin"}, 0, 3)}); err != nil {
		t.Fatal(err)
	}
	if !log.cuts[0][0].Sync {
		t.Error("the record of standard input waits for the next sync")
	}
}

func TestOnlySmallCutsThatCanBeReadAgainMayWait(t *testing.T) {
	file := func() *event.Source {
		return &event.Source{ID: 7, Input: "fake.in", Name: "app.log", Reread: true}
	}
	done := event.NewBatch(&event.Source{ID: 8, Input: "fake.in", Name: "old.log", Reread: true})
	done.Done = true
	large := batch(file(), 0, 1)
	large.AddLine(noise(64<<10), 1, 64<<10)
	cases := []struct {
		name string
		cut  []*event.Batch
		want bool
	}{
		{"a line of a file", []*event.Batch{batch(file(), 0, 1)}, true},
		{"some lines of two files", []*event.Batch{batch(file(), 0, 9), batch(&event.Source{ID: 8, Input: "fake.in", Reread: true}, 0, 9)}, true},
		{"a line of standard input", []*event.Batch{batch(&event.Source{ID: 7, Input: "fake.in"}, 0, 1)}, false},
		{"a line of a file and one of standard input", []*event.Batch{batch(file(), 0, 1), batch(&event.Source{ID: 8, Input: "fake.in"}, 0, 1)}, false},
		{"many bytes of a file", []*event.Batch{large}, false},
		{"a file that ends", []*event.Batch{batch(file(), 0, 1), done}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			log := &memory{}
			if _, err := newIngest(log, nil, time.Now).Emit(t.Context(), c.cut); err != nil {
				t.Fatal(err)
			}
			for _, r := range log.cuts[0] {
				if r.Defer != c.want {
					t.Errorf("may wait: %v, want %v", r.Defer, c.want)
				}
			}
		})
	}
}

// noise is text that does not compress to nothing.
func noise(n int) []byte {
	dice := rand.New(rand.NewPCG(1, 1))
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, "%x", dice.Uint64())
	}
	return b
}

func TestIngestAllocatesNothingForALine(t *testing.T) {
	allocs := func(lines int) float64 {
		in := newIngest(&memory{refuse: nil}, nil, time.Now)
		src := &event.Source{ID: 7, Input: "fake.in", Name: "app.log", Reread: true}
		pos := 0
		b := batch(src, pos, lines)
		emit := func() {
			if _, err := in.Emit(context.Background(), []*event.Batch{b}); err != nil {
				t.Fatal(err)
			}
			pos += lines
			b.Reset(src)
			b.Start, b.End = int64(pos), int64(pos+lines)
			for i := range lines {
				b.AddLine([]byte("a line"), int64(pos+i), 1)
			}
		}
		emit()
		return testing.AllocsPerRun(20, emit)
	}
	few, many := allocs(100), allocs(1100)
	if many-few > 10 { // what grows with the number of lines is one slice in a block, a few times
		t.Errorf("%v allocations for 100 lines, %v for 1,100: something is allocated for a line", few, many)
	}
}

// panicker is a parser with a bug.
type panicker struct{}

func (panicker) Parse(b *event.Batch, i int) bool {
	if i == 1 {
		panic("index out of range")
	}
	return true
}

func TestAPanicOfAParserCostsOneRecordItsFields(t *testing.T) {
	log := &memory{}
	in := pipeline.NewIngest(log, nil, &event.Pool{}, slog.New(slog.DiscardHandler), time.Now)
	in.SetGraph(pipeline.NewGraph(&pipeline.GraphPlan{
		Chains:  map[string]pipeline.Chain{"fake.in": {Parser: panicker{}}},
		Classes: []pipeline.Class{{Name: "standard"}}, Default: "standard",
	}, pipeline.NewRoutes(nil), nil))
	if _, err := in.Emit(t.Context(), []*event.Batch{batch(&event.Source{ID: 1, Input: "fake.in"}, 0, 3)}); err != nil {
		t.Fatal(err)
	}
	if got := log.cuts[0][0].Count; got != 3 {
		t.Errorf("%d documents, want 3", got)
	}
	if got := in.Tally().Errors[event.Internal]; got != 1 {
		t.Errorf("%d internal errors, want 1", got)
	}
}

func TestSourceStateSurvivesGarbage(t *testing.T) {
	for _, bad := range [][]byte{nil, {}, {9}, {1}, {1, 255, 255}} {
		state := map[string][]byte{fmt.Sprintf("d%08d", 1): bad, fmt.Sprintf("p%08d", 1): bad, "x": bad, "": bad}
		if got := newIngest(&memory{}, state, time.Now).Saved(""); len(got) != 0 {
			t.Errorf("state %v gave a position: %v", bad, got)
		}
	}
}
