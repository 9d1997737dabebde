//go:build integration

package endtoend

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// archive reads what the file output writes as it is written, and so sees how
// late each line is there.
type archive struct {
	dir    string
	ledger rig.Ledger

	read map[string]int64 // by file, the size of the whole gzip members that were read
	late []time.Duration  // since the last pace
	from time.Time        // of the last pace
}

// pace is how an output did over some time.
type pace struct {
	rate     float64 // lines a second
	p50, p99 time.Duration
}

func (p pace) String() string {
	return fmt.Sprintf("%.0f lines/s, p50 %s, p99 %s", p.rate, p.p50.Round(time.Millisecond/10), p.p99.Round(time.Millisecond/10))
}

func newArchive(dir string) *archive {
	return &archive{dir: dir, read: map[string]int64{}, from: time.Now()}
}

// follow reads on until done.
func (r *archive) follow(t *testing.T, done func() bool) {
	t.Helper()
	for !done() {
		r.catchUp(t)
		rig.Pause(4 * time.Millisecond)
	}
	r.catchUp(t)
}

// pace returns what there was since the last call.
func (r *archive) pace() pace {
	now := time.Now()
	p := pace{rate: float64(len(r.late)) / now.Sub(r.from).Seconds()}
	slices.Sort(r.late)
	if n := len(r.late); n > 0 {
		p.p50, p.p99 = r.late[n/2], r.late[n*99/100]
	}
	r.from, r.late = now, nil
	return p
}

func (r *archive) catchUp(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "*", "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(io.NewSectionReader(f, r.read[path], 1<<40))
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		rest := bytes.NewReader(text)
		for rest.Len() > 0 {
			docs, err := member(rest)
			if errors.Is(err, io.ErrUnexpectedEOF) {
				break // it is being written
			}
			if err != nil {
				t.Fatalf("read %s: %v", path, err)
			}
			r.read[path] += int64(len(text)) - int64(rest.Len())
			text = text[len(text)-rest.Len():]
			r.add(docs)
		}
	}
}

func (r *archive) add(docs []byte) {
	now := time.Now()
	for doc := range bytes.Lines(docs) {
		r.ledger.Add(doc)
		if at, ok := rig.SentAt(doc); ok {
			r.late = append(r.late, now.Sub(at))
		}
	}
}

// member reads one gzip member to its end.
func member(r *bytes.Reader) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return io.ReadAll(z)
}
