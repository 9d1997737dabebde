package expr

import "sync"

// scratch holds what one evaluation makes: unescaped and computed text. Slices
// of buf stay valid when it grows, since growing copies.
type scratch struct {
	buf   []byte
	items []value
}

// maxScratch is the size above which a scratch is not kept.
const maxScratch = 64 << 10

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func getScratch() *scratch { return scratches.Get().(*scratch) }

func putScratch(s *scratch) {
	if cap(s.buf) > maxScratch || cap(s.items) > 1024 {
		return
	}
	s.buf = s.buf[:0]
	clear(s.items)
	s.items = s.items[:0]
	scratches.Put(s)
}
