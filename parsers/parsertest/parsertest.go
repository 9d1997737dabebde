// Package parsertest is the contract suite of parsers: what every one of them
// must do with any record.
package parsertest

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/parsers"
)

// Suite is what the contract is held against.
type Suite struct {
	New  func(t testing.TB) parsers.Parser
	Good []string // records of the parser's kind
	Bad  []string // others
	// Allocates says that the parser may allocate for a record.
	Allocates bool
}

// Classes are the retention classes of the suite's documents.
var Classes = []string{"standard"}

// Source returns a source as inputs make them: some of its constants no line
// may forge, some are near names that lines have.
func Source() *event.Source {
	return &event.Source{ID: 1, Input: "file.test", Name: "/var/log/test.log", Reread: true, Constants: []event.Constant{
		{Key: "log.file.path", Value: "/var/log/test.log", Ours: true},
		{Key: "kubernetes.pod.name", Value: "web-0", Ours: true},
		{Key: "host.name", Value: "node-1"},
		{Key: "service.name", Value: "bookings"},
		{Key: "deployment.environment", Value: "test"},
		{Key: "labels.team", Value: "core"},
		{Key: "custom.zone", Value: "eu"},
	}}
}

// Run holds a parser against the contract.
func Run(t *testing.T, s Suite) {
	t.Run("a record of its kind makes a sound document", func(t *testing.T) {
		p := s.New(t)
		for _, line := range s.Good {
			b := Batch(line)
			if !p.Parse(b, 1) {
				t.Errorf("%q: got false (%v), want true", line, b.Row(1).Error)
			}
			if err := Check(b, 1); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	})
	t.Run("another record is left as it was, but for its error", func(t *testing.T) {
		p := s.New(t)
		for _, line := range s.Bad {
			b := Batch(line)
			want := *b.Row(1)
			if p.Parse(b, 1) {
				t.Errorf("%q: got true, want false", line)
				continue
			}
			got := *b.Row(1)
			if got.Error == event.NoError {
				t.Errorf("%q: got no error", line)
			}
			if len(b.Fields(1)) != 0 {
				t.Errorf("%q: got %d fields, want none", line, len(b.Fields(1)))
			}
			if got.Time != 0 || got.Severity != 0 || got.Flags != want.Flags || got.Line != want.Line || string(b.Line(1)) != line {
				t.Errorf("%q: got the row %+v, want %+v", line, got, want)
			}
			if err := Check(b, 1); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	})
	t.Run("other rows are not touched", func(t *testing.T) {
		p := s.New(t)
		for _, line := range append(append([]string{}, s.Good...), s.Bad...) {
			b := Batch(line)
			b.Add(0, event.Field{Key: b.StoreString("a"), Val: b.StoreString("1"), Kind: event.Number})
			b.Add(2, event.Field{Key: b.StoreString("a"), Val: b.StoreString("1"), Kind: event.Number})
			p.Parse(b, 1)
			for _, i := range []int{0, 2} {
				if fs := b.Fields(i); len(fs) != 1 || string(b.Bytes(fs[0].Key)) != "a" || b.Row(i).Time != 0 || string(b.Line(i)) != "neighbour" {
					t.Errorf("%q: row %d has changed", line, i)
				}
			}
		}
	})
	t.Run("the same record comes out the same, whatever was read before", func(t *testing.T) {
		lines := append(append([]string{}, s.Good...), s.Bad...)
		want := map[string]string{}
		for _, line := range lines {
			want[line] = Document(s.New(t), line)
		}
		warm := s.New(t)
		for range 2 {
			for _, line := range lines {
				for range 2 { // also twice in a row
					if diff := cmp.Diff(Document(warm, line), want[line]); diff != "" {
						t.Errorf("%q (-got +want):\n%s", line, diff)
					}
				}
			}
		}
	})
	t.Run("batches are read concurrently", func(t *testing.T) {
		p := s.New(t)
		want := strings.Split(all(p, Source(), s.Good), "\n")
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				src := Source()
				for range 20 {
					if diff := cmp.Diff(strings.Split(all(p, src, s.Good), "\n"), want); diff != "" {
						t.Errorf("documents (-got +want):\n%s", diff)
						return
					}
				}
			})
		}
		wait.Wait()
	})
	t.Run("nothing is allocated for a record", func(t *testing.T) {
		if s.Allocates || raceEnabled {
			t.Skip("not with this parser, or not under the race detector")
		}
		p := s.New(t)
		src := Source()
		for _, line := range s.Good {
			text := []byte(line)
			b := event.NewBatch(src)
			once := func() {
				b.Reset(src)
				b.AddLine(text, 0, len(text))
				p.Parse(b, 0)
			}
			once()
			if n := testing.AllocsPerRun(100, once); n != 0 {
				t.Errorf("%q: got %v allocations, want 0", line, n)
			}
		}
	})
}

// all parses records in one batch, poisons it, and returns their documents.
func all(p parsers.Parser, src *event.Source, lines []string) string {
	b := event.NewBatch(src)
	for _, line := range lines {
		b.AddLine([]byte(line), 0, len(line))
		p.Parse(b, b.Len()-1)
	}
	var dst []byte
	for i := range lines {
		dst = append(b.AppendDocument(dst, i, Classes), '\n')
	}
	b.Poison()
	return string(dst)
}

// Fuzz feeds a parser whatever the fuzzer finds and checks what it makes.
func Fuzz(f *testing.F, s Suite) {
	for _, line := range append(append([]string{}, s.Good...), s.Bad...) {
		f.Add([]byte(line))
	}
	warm := s.New(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		b := Batch(string(line))
		ok := warm.Parse(b, 1)
		if err := Check(b, 1); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !ok && (len(b.Fields(1)) != 0 || b.Row(1).Error == event.NoError || b.Row(1).Flags != 0) {
			t.Fatalf("%q: a refused row has changed", line)
		}
		if got, want := string(b.AppendDocument(nil, 1, Classes)), Document(s.New(t), string(line)); got != want {
			t.Fatalf("%q: got %s, and from a new parser %s", line, got, want)
		}
	})
}

// Batch returns a batch whose row 1 is line, between two neighbours.
func Batch(line string) *event.Batch {
	b := event.NewBatch(Source())
	for k, text := range []string{"neighbour", line, "neighbour"} {
		b.AddLine([]byte(text), int64(k), len(text))
	}
	return b
}

// Document returns the document that p makes of a line, and whether it was read.
func Document(p parsers.Parser, line string) string {
	b := Batch(line)
	p.Parse(b, 1)
	return string(b.AppendDocument(nil, 1, Classes))
}
