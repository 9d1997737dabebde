package stdout

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
)

const (
	maxPass = 256 << 10             // bytes of one pass
	pace    = 20 * time.Millisecond // from the start of one pass to that of the next, unless it was full
	// A line without its end is handed on when nothing more came: soon where a
	// person looks at it (a prompt), later where a program may be in the
	// middle of it.
	flushTerminal = 100 * time.Millisecond
	flushPipe     = 5 * time.Second
)

// stream reads one source. Its methods but waits are for one goroutine.
type stream struct {
	src    *event.Source
	r      reader
	emit   inputs.Emit
	pool   *event.Pool
	now    func() time.Time
	framer *framing.Framer
	place  framing.Place
	flush  time.Duration // after which a line without its end is handed on

	buf   []byte    // what has been read and is in no record yet
	at    int64     // offset of buf's first byte: the End of the batch before
	next  time.Time // when the next pass may end
	heard time.Time // when the last byte came

	read    atomic.Int64 // bytes read
	lastRow atomic.Int64 // time of the last row, in nanoseconds since 1970
	waiting atomic.Int64 // since when it waits for bytes, likewise; 0 if it does not
}

func (in *Input) newStream(r reader, src *event.Source, emit inputs.Emit) (*stream, error) {
	framer, err := framing.New(in.framing)
	if err != nil {
		return nil, err
	}
	s := &stream{src: src, r: r, emit: emit, pool: in.deps.Pool, now: in.deps.Now, framer: framer, flush: flushPipe}
	if in.config.PTY {
		s.flush = flushTerminal
	}
	return s, nil
}

// waits reports whether the stream has waited for bytes for a time.
func (s *stream) waits(d time.Duration) bool {
	since := s.waiting.Load()
	return since != 0 && time.Now().UnixNano()-since > int64(d)
}

// run reads until the stream ends or is interrupted, and hands on all that it
// read. An error means that it was not taken.
func (s *stream) run(ctx context.Context) error {
	for {
		err := s.fill()
		switch {
		case err == nil:
			err = s.pass(ctx, framing.Open)
		case errors.Is(err, os.ErrDeadlineExceeded):
			err = s.pass(ctx, s.quiet())
		case errors.Is(err, io.EOF), errors.Is(err, errInterrupted):
			return s.pass(ctx, framing.Ended)
		}
		if err != nil {
			return err
		}
	}
}

// fill reads one pass: at once what is there after a silence, else what comes
// until the pace has it end.
func (s *stream) fill() error {
	until := s.flushAt()
	for n := 0; n < maxPass; {
		got, err := s.readOnce(until)
		if err != nil {
			if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			return err
		}
		n += got
		if !time.Now().Before(s.next) {
			break
		}
		until = s.next
	}
	s.next = time.Now().Add(pace)
	return nil
}

func (s *stream) readOnce(until time.Time) (int, error) {
	if cap(s.buf)-len(s.buf) < maxPass/4 {
		s.buf = append(make([]byte, 0, max(maxPass, 2*cap(s.buf))), s.buf...)
	}
	s.waiting.Store(time.Now().UnixNano())
	n, err := s.r.ReadUntil(s.buf[len(s.buf):cap(s.buf)], until)
	s.waiting.Store(0)
	s.buf = s.buf[:len(s.buf)+n]
	if n > 0 {
		s.read.Add(int64(n))
		s.heard = time.Now()
	}
	return n, err
}

// flushAt is when what is held is to be handed on though more may follow; zero
// if nothing is held.
func (s *stream) flushAt() time.Time {
	if len(s.buf) == 0 {
		return time.Time{}
	}
	return s.heard.Add(s.patience())
}

// patience is how long after the last byte what is held is handed on: a
// multi-line record after the time of its rule, else a line without its end.
func (s *stream) patience() time.Duration {
	if w := s.framer.Wait(); w > 0 {
		return w
	}
	return s.flush
}

// quiet is what the framer is told when the patience is at its end.
func (s *stream) quiet() framing.Tail {
	if s.framer.Wait() > 0 {
		return framing.Quiet
	}
	return framing.Ended
}

// pass hands on the records of what has been read.
func (s *stream) pass(ctx context.Context, tail framing.Tail) error {
	b := s.newBatch()
	taken := 0
	for {
		rec, n := s.framer.Next(&s.place, s.buf[taken:], s.at+int64(taken), tail)
		if rec.Size > 0 && b.Len() > 0 && b.Size()+len(rec.Text) > event.MaxBatch {
			full := b
			full.End = rec.Pos
			b = s.newBatch()
			b.Start = rec.Pos
			if err := s.handOver(ctx, full); err != nil {
				return err
			}
		}
		taken += n
		if rec.Size == 0 {
			break
		}
		s.add(b, rec)
	}
	s.at += int64(taken)
	s.buf = s.buf[:copy(s.buf, s.buf[taken:])]
	if cap(s.buf) > 2*maxPass && len(s.buf) == 0 {
		s.buf = nil // a long line must not make it large for ever
	}
	b.End = s.at
	if b.Len() == 0 && b.End == b.Start {
		s.pool.Put(b)
		return nil
	}
	return s.handOver(ctx, b)
}

func (s *stream) newBatch() *event.Batch {
	b := s.pool.Get(s.src)
	b.Start, b.ReadAt = s.at, s.now().UnixNano()
	return b
}

func (s *stream) add(b *event.Batch, rec framing.Record) {
	if len(rec.Text) == 0 && rec.Flags&event.Continued != 0 {
		return // the end of a line that was handed on without it
	}
	row := b.AddLine(rec.Text, rec.Pos, rec.Size)
	row.Flags, row.Error = rec.Flags, rec.Error
	s.lastRow.Store(b.ReadAt)
}

// lastBatch returns a batch that says that the source is done.
func (s *stream) lastBatch() *event.Batch {
	b := s.newBatch()
	b.End, b.Done = s.at, true
	return b
}

// finish hands on that the source is done, if anybody has heard of it.
func (s *stream) finish(ctx context.Context) error {
	if s.at == 0 {
		return nil
	}
	return s.handOver(ctx, s.lastBatch())
}

func (s *stream) handOver(ctx context.Context, b *event.Batch) error {
	return handOver(ctx, s.emit, []*event.Batch{b})
}

// lastWords is how long after ctx's end the pipeline has to take a cut: lines
// of a program that is being ended are worth having, but it may have stopped.
const lastWords = 500 * time.Millisecond

func handOver(ctx context.Context, emit inputs.Emit, cut []*event.Batch) error {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-late.Done():
		case <-time.After(lastWords):
			cancel()
		}
	})
	defer stop()
	_, err := emit(late, cut)
	return err
}
