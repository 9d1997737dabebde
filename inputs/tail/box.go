package tail

import "sync"

// box passes messages from one goroutine to another without ever blocking the sender: a worker may wait in emit for
// hours while the scanner must go on.
type box[T any] struct {
	wake chan struct{} // holds a token while there is something to take

	mu    sync.Mutex
	items []T // guarded by mu
}

func newBox[T any]() *box[T] { return &box[T]{wake: make(chan struct{}, 1)} }

func (b *box[T]) put(item T) {
	b.mu.Lock()
	b.items = append(b.items, item)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns all messages and takes over the memory of spare for the next ones.
func (b *box[T]) take(spare []T) []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = spare[:0]
	return items
}
