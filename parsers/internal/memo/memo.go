// Package memo is what parsers remember of a source, in event.Source.Memo.
// They share it, since one source may go through several.
package memo

import "github.com/renthub/sluice/event"

// Memo is one source's. It is in one hand at a time, as the source is.
type Memo struct {
	Format uint8 // the format that matched last, in the numbers of package auto; 0 is none yet
}

// Of returns the memo of a batch's source.
func Of(b *event.Batch) *Memo {
	if b.Source == nil {
		return &Memo{}
	}
	m, ok := b.Source.Memo.(*Memo)
	if !ok {
		m = &Memo{}
		b.Source.Memo = m
	}
	return m
}
