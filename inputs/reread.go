package inputs

import (
	"context"
	"errors"

	"github.com/renthub/sluice/event"
)

// Rereader is implemented by inputs that can read a second time what they have read before.
type Rereader interface {
	// Reread returns the records at the wanted extents of a source as Run
	// emitted them once: the same text, offset, size and flags, in the same
	// order. What is not there any more, or is cut into other records now, is
	// left out; nothing else is in the batch. seen are positions of that source
	// at other times, by which its content is known again; the first that fits
	// will do. The batch is the caller's. An error, ErrGone above all, means
	// that nothing can be read. It is called by one goroutine at a time,
	// concurrently with Run, and also before it.
	Reread(ctx context.Context, source uint64, seen []Position, want []Extent) (*event.Batch, error)
}

// Extent is the bytes of one record in its source.
type Extent struct {
	Pos  int64
	Size uint32
}

// ErrGone means that the content of a source is nowhere to be found.
var ErrGone = errors.New("the source is gone, or holds something else")
