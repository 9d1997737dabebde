package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/internal/term"
	"github.com/renthub/sluice/outputs/console"
)

// shown counts what was shown.
type shown struct {
	lines, errors, warnings atomic.Int64
	closed                  atomic.Bool // nobody reads standard output any more
}

// shower shows documents on standard output. It is for one goroutine at a time.
type shower struct {
	*shown
	w             io.Writer
	printer       *console.Printer
	raw, terminal bool
	out, text     []byte
}

// docs shows the documents of one cut with one write.
func (s *shower) docs(docs []event.Doc) error {
	s.out = s.out[:0]
	for i := range docs {
		d := &docs[i]
		s.count(d)
		if s.raw {
			s.appendRaw(d)
		} else {
			s.out = s.printer.Append(s.out, d)
		}
	}
	if len(s.out) == 0 {
		return nil
	}
	if _, err := s.w.Write(s.out); err != nil {
		s.closed.Store(true)
		return errors.Join(console.ErrClosed, err)
	}
	return nil
}

func (s *shower) count(d *event.Doc) {
	s.lines.Add(1)
	switch {
	case d.Severity >= event.Error:
		s.errors.Add(1)
	case d.Severity >= event.Warn:
		s.warnings.Add(1)
	}
}

// appendRaw appends a line as it was read.
func (s *shower) appendRaw(d *event.Doc) {
	v := d.Lookup("message")
	s.text = jsonscan.AppendUnquoted(s.text[:0], v.Text)
	if s.terminal {
		s.out = term.AppendVisible(s.out, s.text, term.KeepSGR)
	} else {
		s.out = append(s.out, s.text...)
	}
	s.out = append(s.out, '\n')
}

// noticeHandler prints what the inputs log as notices: a person looks on.
type noticeHandler struct {
	mu sync.Mutex
	w  io.Writer
}

// Enabled implements slog.Handler.
func (*noticeHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle implements slog.Handler.
func (h *noticeHandler) Handle(_ context.Context, r slog.Record) error {
	text := "sluice: " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := fmt.Fprintln(h.w, visible(text))
	return err
}

// WithAttrs implements slog.Handler. What a logger was made with is of no use
// to somebody who has named the file.
func (h *noticeHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h *noticeHandler) WithGroup(string) slog.Handler { return h }
