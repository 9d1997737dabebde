package buffer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/renthub/sluice/buffer"
)

// smallOptions are options for a log that is quick to fill.
func smallOptions(dir string) buffer.Options {
	return buffer.Options{Dir: dir, SegmentSize: 64 << 10, MaxSize: 1 << 30, MinFree: -1, Ballast: -1}
}

func open(t *testing.T, o buffer.Options) *buffer.Log {
	t.Helper()
	l, err := buffer.Open(o)
	if err != nil {
		t.Fatalf("open log: %v", err)
	}
	return l
}

// record is a record of count documents whose body says which ones they are.
func record(n, count int) *buffer.Record {
	return &buffer.Record{
		Count: uint32(count), MinTime: int64(n), MaxTime: int64(n + count),
		Index: fmt.Appendf(nil, "index %d", n), Body: fmt.Appendf(nil, "body %d of %d", n, count),
	}
}

func appendCut(t *testing.T, l *buffer.Log, cut ...*buffer.Record) buffer.Ticket {
	t.Helper()
	ticket, err := l.Append(t.Context(), cut)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return ticket
}

func openCursor(t *testing.T, l *buffer.Log, name string, o buffer.CursorOptions) *buffer.Cursor {
	t.Helper()
	c, err := l.Cursor(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func closeLog(t *testing.T, l *buffer.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatalf("close log: %v", err)
	}
}

func next(t *testing.T, c *buffer.Cursor) *buffer.Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	item, err := c.Next(ctx)
	if err != nil {
		t.Fatalf("next record: %v", err)
	}
	return item
}

func TestRecordsComeBackInOrderAndAcksSurviveARestart(t *testing.T) {
	o := smallOptions(t.TempDir())
	l := open(t, o)
	c := openCursor(t, l, "main", buffer.CursorOptions{})
	var want []uint64
	for i := range 10 {
		r := record(i, 3)
		r.State = []buffer.Entry{{Key: "last", Value: fmt.Append(nil, i)}}
		ticket := appendCut(t, l, r)
		want = append(want, r.First)
		if i == 9 {
			r.Sync = true
			if err := ticket.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got []uint64
	for i := range 10 {
		item := next(t, c)
		got = append(got, item.First)
		if string(item.Body) != fmt.Sprintf("body %d of 3", i) {
			t.Errorf("body of record %d = %q", i, item.Body)
		}
		if i < 4 {
			c.Ack(item.First, 3)
		}
		if i == 6 {
			c.Ack(item.First+1, 2)
		}
		if i == 7 {
			c.Ack(item.First, 3)
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("sequences (-got +want):\n%s", diff)
	}
	closeLog(t, l)

	l = open(t, o)
	defer closeLog(t, l)
	if diff := cmp.Diff(l.State(), map[string][]byte{"last": []byte("9")}); diff != "" {
		t.Errorf("state (-got +want):\n%s", diff)
	}
	if lost := l.Recovery().Lost; len(lost) > 0 {
		t.Errorf("lost after a clean close: %v", lost)
	}
	c = openCursor(t, l, "main", buffer.CursorOptions{})
	appendCut(t, l, record(10, 1))
	var rest []string
	for range 6 {
		item := next(t, c)
		rest = append(rest, fmt.Sprint(string(item.Body), item.Taken))
	}
	w := []string{
		"body 4 of 3[]", "body 5 of 3[]", fmt.Sprintf("body 6 of 3[{%d 2}]", want[6]+1),
		"body 8 of 3[]", "body 9 of 3[]", "body 10 of 1[]",
	}
	if diff := cmp.Diff(rest, w); diff != "" {
		t.Errorf("after restart (-got +want):\n%s", diff)
	}
}

func TestReadersOfTheLogReadWhatLeftMemory(t *testing.T) {
	o := smallOptions(t.TempDir())
	o.HotBytes = 1
	l := open(t, o)
	defer closeLog(t, l)
	c := openCursor(t, l, "main", buffer.CursorOptions{})
	body := make([]byte, 5000)
	for i := range 100 {
		r := record(i, 2)
		r.Body = append(r.Body, body...)
		appendCut(t, l, r)
	}
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		item := next(t, c)
		if got, want := string(item.Index), fmt.Sprintf("index %d", i); got != want {
			t.Fatalf("record %d has index %q", i, got)
		}
		c.Ack(item.First, uint64(item.Count))
	}
	if got := l.Stats().Segments; got < 5 {
		t.Logf("segments: %d", got)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	o := smallOptions(t.TempDir())
	l := open(t, o)
	defer closeLog(t, l)
	_, err := buffer.Open(o)
	if !errors.Is(err, buffer.ErrLocked) {
		t.Errorf("second open: %v, want ErrLocked", err)
	}
}
