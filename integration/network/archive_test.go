//go:build integration

package network

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/renthub/sluice/integration/rig"
)

// archive reads what the file output writes, as it is written.
type archive struct {
	rig.Ledger

	mu   sync.Mutex
	late []time.Duration // of documents since the last take; guarded by mu
}

// follow begins to read the archive's only file in dir, until the test ends.
func follow(t testing.TB, dir string) *archive {
	a := &archive{}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.read(ctx, dir) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("follow the archive: %v", err)
		}
	})
	return a
}

// take returns the middle and the 99th percentile of how late documents came
// since the last call.
func (a *archive) take() (n int, p50, p99 time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	late := a.late
	a.late = nil
	slices.Sort(late)
	if n = len(late); n > 0 {
		p50, p99 = late[n/2], late[n*99/100]
	}
	return n, p50, p99
}

// read reads member after member: each holds the documents of one write.
func (a *archive) read(ctx context.Context, dir string) error {
	f, err := onlyFile(ctx, filepath.Join(dir, "*", "*.ndjson.gz"))
	if err != nil {
		return err
	}
	defer f.Close()
	growing := bufio.NewReader(growingFile{ctx, f})
	member, err := gzip.NewReader(growing)
	for ; err == nil; err = member.Reset(growing) {
		member.Multistream(false)
		lines := bufio.NewScanner(member)
		for lines.Scan() {
			a.add(lines.Bytes())
		}
		if err := lines.Err(); err != nil {
			return err
		}
	}
	return err
}

func (a *archive) add(doc []byte) {
	a.Ledger.Add(doc)
	if at, ok := rig.SentAt(doc); ok {
		late := time.Since(at)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.late = append(a.late, late)
	}
}

// onlyFile opens the first file of a pattern, once it is there.
func onlyFile(ctx context.Context, pattern string) (*os.File, error) {
	for ctx.Err() == nil {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return os.Open(found[0])
		}
		rig.Pause(10 * time.Millisecond)
	}
	return nil, ctx.Err()
}

// growingFile waits at the end of a file for more.
type growingFile struct {
	ctx context.Context
	f   *os.File
}

func (g growingFile) Read(p []byte) (int, error) {
	for {
		n, err := g.f.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		if g.ctx.Err() != nil {
			return 0, g.ctx.Err()
		}
		rig.Pause(2 * time.Millisecond)
	}
}
