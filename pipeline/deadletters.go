package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
)

// DeadLetters is the log of documents that a destination can never take. It is
// a log like the buffer, without cursors: the oldest go when it is full. Each
// record is one dead letter as JSON.
type DeadLetters struct {
	log *buffer.Log
	now func() time.Time
}

// DeadLetter is one document, why it was refused and by whom.
type DeadLetter struct {
	Time     time.Time       `json:"time"`
	Output   string          `json:"output"`
	Reason   string          `json:"reason"` // the destination's words
	ID       event.ID        `json:"-"`
	IDText   string          `json:"id"` // repeats of one document have the same
	Document json.RawMessage `json:"document"`
}

// OpenDeadLetters opens the log of dead letters in a folder.
func OpenDeadLetters(o buffer.Options) (*DeadLetters, error) {
	log, err := buffer.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open dead letters: %w", err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &DeadLetters{log: log, now: now}, nil
}

// Put returns nil once the dead letters are on disk.
func (d *DeadLetters) Put(ctx context.Context, letters ...DeadLetter) error {
	var records []*buffer.Record
	for _, l := range letters {
		l.Time = d.now().UTC()
		l.IDText = l.ID.String()
		body, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("encode dead letter: %w", err)
		}
		ms := l.Time.UnixMilli()
		records = append(records, &buffer.Record{Count: 1, MinTime: ms, MaxTime: ms, Body: body, Sync: true})
	}
	ticket, err := d.log.Append(ctx, records)
	if err != nil {
		return fmt.Errorf("append dead letter: %w", err)
	}
	return ticket.Wait(ctx)
}

// Close closes the log.
func (d *DeadLetters) Close() error { return d.log.Close() }

// Stats are those of the log.
func (d *DeadLetters) Stats() buffer.Stats { return d.log.Stats() }

// ReadDeadLetters calls each with every dead letter of a folder, oldest first,
// until it returns false. A document that was refused several times by one
// output is given once, the last time. It works beside a running agent.
func ReadDeadLetters(dir string, each func(l DeadLetter) bool) error {
	r, err := buffer.OpenReader(dir)
	if err != nil {
		return fmt.Errorf("open dead letters: %w", err)
	}
	defer r.Close()
	var all []DeadLetter
	last := map[string]int{}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read dead letters: %w", err)
		}
		var l DeadLetter
		if err := json.NewDecoder(bytes.NewReader(rec.Body)).Decode(&l); err != nil {
			return fmt.Errorf("decode dead letter %d: %w", rec.First, err)
		}
		key := l.Output + " " + l.IDText
		if i, repeat := last[key]; repeat {
			all[i].Output = ""
		}
		last[key] = len(all)
		all = append(all, l)
	}
	for _, l := range all {
		if l.Output != "" && !each(l) {
			return nil
		}
	}
	return nil
}
