package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
)

// blockOf is a record of a block with some documents for a set of outputs.
func blockOf(t *testing.T, set []string, texts ...string) *buffer.Record {
	t.Helper()
	var w event.Builder
	var c event.Compressor
	w.Reset()
	w.Codec, w.Wrapping, w.Routes, w.Set = event.Deflate, 5, 6, set
	wrap := func(dst []byte, d *event.Doc) ([]byte, int, error) {
		dst = append(dst, "{\"create\":{}}\n"...)
		return append(append(dst, d.JSON...), '\n'), len("{\"create\":{}}\n"), nil
	}
	for i, text := range texts {
		d := event.Doc{
			JSON: fmt.Appendf(nil, `{"message":%q}`, text), Time: int64(len(text)), Retention: "standard",
			ID: event.ID{Source: 3, Pos: int64(100*len(text) + i), Size: uint32(len(text))},
		}
		if err := w.Add(&d, wrap); err != nil {
			t.Fatal(err)
		}
	}
	index, body, err := w.Close(nil, nil, &c)
	if err != nil {
		t.Fatal(err)
	}
	return &buffer.Record{Count: uint32(len(texts)), Index: index, Body: body}
}

// opened lists what is in the blocks of some records: wrapped documents with their ids and times.
func opened(t *testing.T, records ...*buffer.Record) (out []string) {
	t.Helper()
	var m merger
	for _, r := range records {
		if err := m.open(r); err != nil {
			t.Fatal(err)
		}
		for i := range m.block.Rows {
			var d event.Doc
			m.block.Doc(&d, m.raw, i)
			out = append(out, fmt.Sprintf("%v %d %s %q %s", d.ID, d.Time, d.Retention, m.block.Wrapped(m.raw, i), d.JSON))
		}
	}
	return out
}

func TestMergedBlocksHoldTheSameDocuments(t *testing.T) {
	var m merger
	for range 2 { // its memory is used again
		parts := []*buffer.Record{
			blockOf(t, nil, "one"), blockOf(t, nil, "three", "", "\"quoted\""), blockOf(t, nil, strings.Repeat("long ", 50)),
		}
		want := opened(t, parts...)
		index, body, n, err := m.merge(parts)
		if err != nil || n != 3 {
			t.Fatalf("merged %d, %v, want 3", n, err)
		}
		if diff := cmp.Diff(opened(t, &buffer.Record{Index: index, Body: body}), want); diff != "" {
			t.Errorf("merged (-got +want):\n%s", diff)
		}
		if parts := len(parts[0].Body) + len(parts[1].Body) + len(parts[2].Body); len(body) >= parts {
			t.Errorf("merged body has %d bytes, its parts %d", len(body), parts)
		}
	}
}

func TestOnlyBlocksOfOneKindThatFitAreMerged(t *testing.T) {
	a, b, all := []string{"a"}, []string{"b"}, []string(nil)
	huge := strings.Repeat("x", event.MaxBlock/2)
	cases := []struct {
		name  string
		parts []*buffer.Record
		want  int
	}{
		{"the first alone is for other outputs", []*buffer.Record{blockOf(t, a, "1"), blockOf(t, b, "2"), blockOf(t, b, "3")}, 1},
		{"the third is for other outputs", []*buffer.Record{blockOf(t, a, "1"), blockOf(t, a, "2"), blockOf(t, all, "3")}, 2},
		{"three would be larger than a block", []*buffer.Record{blockOf(t, a, "1"), blockOf(t, a, huge), blockOf(t, a, huge)}, 2},
		{"the first is larger than a block", []*buffer.Record{blockOf(t, a, huge+huge), blockOf(t, a, "2")}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var m merger
			_, _, n, err := m.merge(c.parts)
			if err != nil || n != c.want {
				t.Errorf("merged %d, %v, want %d", n, err, c.want)
			}
		})
	}
}

func TestADamagedBlockIsNotMerged(t *testing.T) {
	var m merger
	good, bad := blockOf(t, nil, "1"), blockOf(t, nil, "2")
	bad.Body[len(bad.Body)/2]++
	if _, _, _, err := m.merge([]*buffer.Record{good, bad}); err == nil {
		t.Error("a body that does not inflate to what the index says was merged")
	}
	bad.Index = bad.Index[:10]
	if _, _, _, err := m.merge([]*buffer.Record{good, bad}); err == nil {
		t.Error("a block with half an index was merged")
	}
	if _, _, n, err := m.merge([]*buffer.Record{good, good}); err != nil || n != 2 {
		t.Errorf("after that, merged %d, %v, want 2", n, err)
	}
}
