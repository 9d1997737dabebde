package json

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/parsers"
	"github.com/renthub/sluice/parsers/parsertest"
)

// TestAShapeLearnedFromOneSourceFitsAnother reads the same lines from sources
// with other constants, by one parser and by a new one for each.
func TestAShapeLearnedFromOneSourceFitsAnother(t *testing.T) {
	sources := []*event.Source{
		{},
		{Constants: []event.Constant{{Key: "zone.name", Value: "eu"}, {Key: "labels.a", Value: "x"}}},
		{Constants: []event.Constant{{Key: "zone", Value: "eu", Ours: true}, {Key: "tenant", Value: "t"}}},
		{Constants: []event.Constant{{Key: "tenant.id", Value: "7", Ours: true}, {Key: "service.name", Value: "s"}}},
	}
	lines := []string{
		`{"zone":"us","tenant":"a","level":"info","msg":"x"}`,
		`{"zone":{"name":"us"},"tenant":"a","level":"info","msg":"x"}`,
		`{"a":1,"a":2,"service":"mine"}`,
	}
	document := func(p parsers.Parser, src *event.Source, line string) string {
		b := event.NewBatch(src)
		b.AddLine([]byte(line), 0, len(line))
		p.Parse(b, 0)
		return string(b.AppendDocument(nil, 0, parsertest.Classes))
	}
	warm := suite(t).New(t)
	for range 2 {
		for n, line := range lines {
			for k := range sources { // each shape is learned from another
				src := sources[(k+n+1)%len(sources)]
				want := document(suite(t).New(t), src, line)
				if diff := cmp.Diff(document(warm, src, line), want); diff != "" {
					t.Errorf("source %d, %s (-got +want):\n%s", k, line, diff)
				}
			}
		}
	}
}

// TestOnlyTheFirstLineOfAShapeGoesTheLongWay holds what shapes are for.
func TestOnlyTheFirstLineOfAShapeGoesTheLongWay(t *testing.T) {
	r := &reader{}
	b := event.NewBatch(parsertest.Source())
	b.AddLine([]byte(sample), 0, len(sample))
	r.read(b, 0, nil)
	id, _ := outline(r.members)
	if s := r.shapes.at(id); s.id != id || len(s.steps) != len(r.members) {
		t.Fatalf("got the shape %+v, want one of %d steps", s, len(r.members))
	}
}

// TestOneOddLineDoesNotSpoilItsShape: after some more, steps are looked for again.
func TestOneOddLineDoesNotSpoilItsShape(t *testing.T) {
	r := &reader{}
	b := event.NewBatch(parsertest.Source())
	for i := range restAfter + 2 {
		line := `{"level":"info","msg":"x"}`
		if i == 0 {
			line = `{"level":"odd","msg":"x"}`
		}
		b.AddLine([]byte(line), 0, len(line))
		r.read(b, i, nil)
	}
	id, _ := outline(r.members)
	if got := len(r.shapes.at(id).steps); got != 2 {
		t.Errorf("got %d steps, want 2", got)
	}
}

// TestALabelNeverTakesAConstantsPlace: what moves to labels is the line's, and
// the constant stays.
func TestALabelNeverTakesAConstantsPlace(t *testing.T) {
	got := parsertest.Document(suite(t).New(t), `{"team":"a","team":"b"}`)
	b := []byte(got)
	for path, want := range map[string]string{"team": `"a"`, "labels.team": `"core"`, "labels.team_2": `"b"`} {
		if v := get(b, path); v != want {
			t.Errorf("%s: got %s, want %s in %s", path, v, want, got)
		}
	}
}

func get(doc []byte, path string) string {
	v, _ := jsonscan.Get(doc, path)
	return string(v)
}
