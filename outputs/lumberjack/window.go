package lumberjack

import (
	"sync"

	"github.com/renthub/sluice/event"
)

const (
	firstWindow = 16      // documents
	windowBytes = 1 << 20 // of a window's documents; a larger one stands alone
	growth      = 32      // documents, for each window acknowledged above the threshold
)

// window is how many documents the next window may hold. It is shared by the
// connections of an output.
type window struct {
	limit int // immutable

	mu        sync.Mutex
	size      int // guarded by mu
	threshold int // guarded by mu; up to here it doubles
}

func newWindow(limit int) *window {
	return &window{limit: limit, size: min(firstWindow, limit), threshold: limit}
}

// now is how many documents the next window may hold.
func (w *window) now() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// cut returns how many of docs the next window is to hold, at least one.
func (w *window) cut(docs []event.Doc) int {
	limit := min(w.now(), len(docs))
	size := 0
	for n := range limit {
		if size += len(docs[n].JSON); n > 0 && size > windowBytes {
			return n
		}
	}
	return limit
}

// acknowledged notes that a window of n documents was taken whole. One that
// was smaller than it could have been says nothing about larger ones.
func (w *window) acknowledged(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case n < w.size:
	case w.size < w.threshold:
		w.size = min(2*w.size, w.threshold)
	default:
		w.size = min(w.size+growth, w.limit)
	}
}

// failed notes that a connection ended with windows on the way.
func (w *window) failed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.threshold = max(w.size/2, 1)
	w.size = min(firstWindow, w.threshold)
}
