package pipeline_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/pipeline"
)

// recordsIn counts the records with documents in a buffer's folder, and the documents.
func recordsIn(t *testing.T, dir string) (records, documents int) {
	t.Helper()
	r, err := buffer.OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return records, documents
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Count > 0 {
			records, documents = records+1, documents+int(rec.Count)
		}
	}
}

// busyAtFirst refuses all for some tries, so that its output falls behind and reads from disk.
func busyAtFirst(try int, _ []string) error {
	if try < 3 {
		return errors.New("busy")
	}
	return nil
}

func TestSmallCutsAreDeliveredOnceAndWrittenMerged(t *testing.T) {
	dir := t.TempDir()
	prompt, late, bare := &wrapStore{}, &wrapStore{}, &store{}
	late.answer, bare.answer = busyAtFirst, busyAtFirst
	late.limits, bare.limits = outputs.Limits{Docs: 5}, outputs.Limits{Docs: 7}
	outs := map[string]outputs.Output{"a.prompt": prompt, "b.late": late, "c.bare": bare}
	for _, n := range []int{300, 500} { // the second run goes on where the first was
		p := plan(t, dir, &script{lines: lines(n), id: 1, each: 1}, outs)
		p.Buffer.HotBytes, p.Buffer.History = 1, buffer.History{Age: time.Hour}
		run(t, p, func() bool { return prompt.count() == n && late.count() == n && bare.count() == n })
		want(t, "prompt", &prompt.store, n)
		want(t, "late", &late.store, n)
		want(t, "bare", bare, n)
		records, documents := recordsIn(t, dir+"/buffer")
		if documents != n || records > n/10 {
			t.Errorf("%d documents in %d records, want %d in far fewer", documents, records, n)
		}
	}
}

func TestSmallCutsForSeveralSetsOfOutputsKeepTheirOrder(t *testing.T) {
	dir := t.TempDir()
	a, b := &store{}, &wrapStore{}
	p := plan(t, dir, &script{lines: lines(300), id: 1, each: 3}, map[string]outputs.Output{"x.a": a, "x.b": b})
	p.Buffer.HotBytes, p.Buffer.History = 1, buffer.History{Age: time.Hour}
	a.answer = busyAtFirst
	p.Routes = []pipeline.Route{
		{Name: "sevens", Where: endsIn("7"), Hash: 7, To: []string{"x.a"}},
		{Name: "rest", To: []string{"x.b"}},
	}
	run(t, p, func() bool { return a.count() == 30 && b.count() == 270 })
	want(t, "a", a, 30)
	want(t, "b", &b.store, 270)
	if records, documents := recordsIn(t, dir+"/buffer"); documents != 300 || records > 100 {
		t.Errorf("%d documents in %d records", documents, records)
	}
}
