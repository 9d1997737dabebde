package tail

// order is what the scanner tells a worker.
type order struct {
	kind orderKind
	gen  *generation
	body *body  // adopt: the open body, or nil to open it at path
	path string // adopt, moved
	id   fileID // adopt
	lost int64  // finish: bytes that cannot be read any more
	why  string // finish: the reason of lost
}

type orderKind uint8

const (
	news   orderKind = iota // there may be more to read
	adopt                   // the content is to be read from this body from now on
	moved                   // the body has another path
	gone                    // the name is gone: read to the end
	finish                  // give up the generation, its position included
	last                    // no more orders will come
)

// report is what a worker tells the scanner.
type report struct {
	kind reportKind
	gen  *generation
}

type reportKind uint8

const (
	changed  reportKind = iota // the body holds another content now
	missing                    // the body cannot be found at its path
	drained                    // the name is gone and all was read
	finished                   // the generation's last batch was taken
)

// String names the kind in the log.
func (k reportKind) String() string {
	return [...]string{"changed", "missing", "drained", "finished"}[k]
}
