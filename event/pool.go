package event

import "sync"

// maxPooled is the arena size above which a batch is not kept: one huge line
// must not make the agent large for ever.
const maxPooled = 2 * MaxBatch

// Pool keeps the memory of batches between their uses. The zero value is ready.
type Pool struct{ free sync.Pool }

// Get returns an empty batch for src.
func (p *Pool) Get(src *Source) *Batch {
	b, ok := p.free.Get().(*Batch)
	if !ok {
		return NewBatch(src)
	}
	b.Reset(src)
	return b
}

// Put takes a batch back. Nobody may use it, or a span's bytes, afterwards.
func (p *Pool) Put(b *Batch) {
	if cap(b.arena) > maxPooled {
		return
	}
	p.free.Put(b)
}
