package tail

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/inputs/inputtest"
)

// again asks for lines once more and returns those that came.
func (r *rig) again(lines []inputtest.Line, seen ...inputs.Position) ([]inputtest.Line, error) {
	r.t.Helper()
	var want []inputs.Extent
	for _, l := range lines {
		want = append(want, inputs.Extent{Pos: l.Pos, Size: l.Size})
	}
	b, err := r.tailer.Reread(r.t.Context(), lines[0].Source, seen, want)
	if err != nil {
		return nil, err
	}
	var got []inputtest.Line
	for i := range b.Len() {
		row := b.Row(i)
		got = append(got, inputtest.Line{
			Source: b.Source.ID, Name: b.Source.Name, Stream: b.Source.Stream,
			Text: string(b.Line(i)), Pos: row.Pos, Size: row.Size, Flags: row.Flags, Error: row.Error,
		})
	}
	return got, nil
}

// position is where the source of a line stands.
func (r *rig) position(l inputtest.Line) inputs.Position { return r.sink.Positions()[l.Source] }

func TestLinesAreReadAgainJustAsTheyWere(t *testing.T) {
	laravel, err := framing.Named("laravel")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 100)
	cases := map[string]struct {
		config framing.Config
		text   string
		lines  int
	}{
		"plain":                        {framing.Config{}, "one\ntwo\r\n\nthree\n", 3},
		"a line longer than the limit": {framing.Config{MaxLine: 40}, long + "\nshort\n" + long + "y\n", 7},
		"cut off at the limit":         {framing.Config{MaxLine: 40, Truncate: true}, long + "\nshort\n" + long + "\nend\n", 4},
		"joined":                       {framing.Config{Rule: laravel}, "[2026-11-24 10:00:00] a.ERROR: x\n#0 one\n#1 two\n[2026-11-24 10:00:01] a.INFO: y\n[2026-11-24 10:00:02] a.INFO: z\n", 3},
		"UTF-16":                       {framing.Config{}, "\xff\xfeo\x00n\x00e\x00\n\x00t\x00w\x00o\x00\n\x00", 2},
		"not UTF-8":                    {framing.Config{}, "ab\xffc\nd\n", 2},
		"behind NUL bytes":             {framing.Config{}, "one\n\x00\x00\x00\x00two\nthree\n", 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.opts.Framing = c.config
			r.append("app.log", c.text)
			r.start()
			r.sink.WaitLines(t, c.lines)
			lines := r.sink.Lines()
			for from := range lines { // any part of them
				for to := from + 1; to <= len(lines); to++ {
					got, err := r.again(lines[from:to], r.position(lines[0]))
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(got, lines[from:to]); diff != "" {
						t.Errorf("lines %d to %d (-got +want):\n%s", from, to, diff)
					}
				}
			}
		})
	}
}

func TestLinesAreFoundAgainWhereverTheirFileIs(t *testing.T) {
	const text = "one\ntwo\nthree\n"
	cases := map[string]func(r *rig, path string) error{
		"renamed": func(r *rig, path string) error { return os.Rename(path, path+".1") },
		"renamed, and another has its name": func(r *rig, path string) error {
			err := os.Rename(path, path+".1")
			r.append("app.log", "something else\n")
			return err
		},
		"copied and truncated": func(r *rig, path string) error {
			return firstError(os.WriteFile(path+"-20261124", []byte(text), 0o644), os.Truncate(path, 0))
		},
		"compressed": func(r *rig, path string) error {
			return firstError(os.WriteFile(path+".1.gz", zipped(text), 0o644), os.Remove(path))
		},
		"grown": func(r *rig, _ string) error {
			r.append("app.log", "four\n")
			return nil
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			r, lines, pos := readOnce(t, text)
			if err := change(r, r.path("app.log")); err != nil {
				t.Fatal(err)
			}
			got, err := r.again(lines[1:], pos)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, lines[1:]); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

func TestOtherContentIsNeverTakenForThatWhichWasRead(t *testing.T) {
	cases := map[string]func(r *rig, path string) error{
		"gone":               func(_ *rig, path string) error { return os.Remove(path) },
		"truncated":          func(_ *rig, path string) error { return os.Truncate(path, 0) },
		"written anew":       func(_ *rig, path string) error { return os.WriteFile(path, []byte("ONE\nTWO\nTHREE\n"), 0o644) },
		"emptied and longer": func(_ *rig, path string) error { return os.WriteFile(path, []byte("one\ntwo\nfour and more\n"), 0o644) },
		"of another name": func(r *rig, path string) error {
			return firstError(copyFile(path, r.path("other.log")), os.Remove(path))
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			r, lines, pos := readOnce(t, "one\ntwo\nthree\n")
			if err := change(r, r.path("app.log")); err != nil {
				t.Fatal(err)
			}
			if got, err := r.again(lines, pos); !errors.Is(err, inputs.ErrGone) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestExtentsThatAreNoRecordsAreLeftOut(t *testing.T) {
	r, lines, pos := readOnce(t, "one\ntwo\nthree\n")
	off := []inputtest.Line{lines[0], {Pos: 4, Size: 7}, {Pos: 8, Size: 600}, {Pos: 8}, lines[2]}
	off[0].Source = lines[0].Source
	got, err := r.again(off, pos)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, []inputtest.Line{lines[0], lines[2]}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestRereadingEndsWithItsContext(t *testing.T) {
	r, lines, pos := readOnce(t, "one\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.tailer.Reread(ctx, lines[0].Source, []inputs.Position{pos}, []inputs.Extent{{Pos: 0, Size: 4}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// readOnce reads a file and stops: what happens to it then, no tailer has seen.
func readOnce(t *testing.T, text string) (*rig, []inputtest.Line, inputs.Position) {
	t.Helper()
	r := newRig(t)
	r.append("app.log", text)
	r.start()
	r.sink.WaitLines(t, strings.Count(text, "\n"))
	r.stop()
	r.deps.Metrics = prometheus.NewRegistry()
	lines := r.sink.Lines()
	return r, lines, r.position(lines[0])
}

func zipped(text string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.ModTime = time.Unix(1, 0)
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
