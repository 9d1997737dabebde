package bench

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/renthub/sluice/buffer"
)

func TestTheBacklogIsSealedSegmentsFullOfHoles(t *testing.T) {
	const few = 4
	ctx := t.Context()
	m := &measured{config: agentConfig{dir: t.TempDir()}}
	holdAll(t, m.config.data())
	size, err := m.addBacklog(ctx, few)
	if err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(m.config.data(), "*.slg"))
	if err != nil {
		t.Fatal(err)
	}
	if size < few*segmentBytes*9/10 || len(segments) < few {
		t.Errorf("got %d bytes in %d segments, want %d segments of 64 MiB", size, len(segments), few)
	}
	began := time.Now()
	log, err := buffer.Open(buffer.Options{Dir: m.config.data(), MaxSize: 1 << 40, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, opened in %s", size, time.Since(began))
	if lost := log.Recovery().Lost; len(lost) > 0 {
		t.Errorf("the log believes that it lost %v", lost)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

// holdAll makes a log with a cursor that has taken nothing.
func holdAll(t *testing.T, dir string) {
	t.Helper()
	log, err := buffer.Open(buffer.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Cursor("elasticsearch.sink", buffer.CursorOptions{From: buffer.Oldest}); err != nil {
		t.Fatal(err)
	}
	ticket, err := log.Append(t.Context(), []*buffer.Record{{Count: 1, Body: []byte("first")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(ticket.Wait(t.Context()), log.Close()); err != nil {
		t.Fatal(err)
	}
}
