package tail

import (
	"sync"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
)

// generation is one life of a file: its content from the first byte on, under whatever names and in whatever form it
// stands. A truncated or replaced file is another one.
type generation struct {
	src     *event.Source // immutable
	pattern *pattern      // immutable
	w       *worker       // immutable

	// What the scanner knows. Only its goroutine touches it.
	path     string    // where the body was seen last
	id       fileID    // the body's
	named    bool      // path is one that the patterns name, and leads to the body
	bodiless bool      // the content was not found: after a truncation, a replacement, or at the start
	seen     uint64    // the scan that saw it last
	since    time.Time // when it became bodiless, or lost its name
	zipSize  int64     // size of a compressed body
	wrote    time.Time // when the body was last written, as far as it was seen

	// What both know, for matching and for reports.
	mu   sync.Mutex
	pub  published // guarded by mu
	held *body     // guarded by mu: the worker's body, so that the scanner can close it

	// What the worker knows. Only its goroutine touches it.
	reading
}

// published is how far a generation was read.
type published struct {
	marks marks
	trail [8]step // where the last passes ended
	steps int     // how many there were
	end   int64   // the position
	size  int64   // bytes that are known to be there
	path  string
	last  time.Time // when the last row was read
	note  string
}

// step is where a pass ended and what was before it.
type step struct {
	end    int64
	anchor fingerprint
}

// extends reports whether b is a beginning of what was read: copytruncate copies a log and empties it a moment later, and
// what was written in between has been read and is not in the copy. The last step within the copy is looked at.
func (p *published) extends(b *body) bool {
	size, err := b.size()
	if err != nil || size >= p.end {
		return false
	}
	var last step
	for _, s := range p.trail {
		if s.end >= headSize && s.end <= size && s.end > last.end {
			last = s
		}
	}
	if last.end == 0 {
		return false
	}
	ok, err := marks{p.marks.head, last.anchor}.match(b, last.end)
	return err == nil && ok
}

// reading is a worker's view of a generation.
type reading struct {
	body    *body
	at      string // the path to open the body at
	want    fileID // the body's, to check an opened file
	end     int64
	marks   marks
	place   framing.Place
	seenTo  int64     // the end of the bytes that were seen
	grewAt  time.Time // when seenTo last moved
	hold    time.Duration
	goneAt  time.Time // when its name went, or zero
	due     time.Time // when to look again without news, or zero
	spent   bool      // what follows cannot be read
	batch   *event.Batch
	declare bool // it is to be stored though nothing may have been read, so that it is known when it has been rotated
	queued  bool
	waiting bool // for the scanner's answer: a body, or the order to finish
	done    bool // it was ordered to finish
	empty   int  // passes in a row that found nothing
	last    time.Time
	prev    *generation // neighbours in the worker's list of open bodies
	next    *generation
}

func (g *generation) snapshot() published {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pub
}

func (g *generation) setNote(note string) {
	g.mu.Lock()
	g.pub.note = note
	g.mu.Unlock()
}

func (g *generation) setPath(path string) {
	g.path = path
	g.mu.Lock()
	g.pub.path = path
	g.mu.Unlock()
}

// status is the generation's line in a report.
func (g *generation) status() inputs.Status {
	p := g.snapshot()
	return inputs.Status{Source: p.path, Offset: p.end, Size: p.size, Unread: max(0, p.size-p.end), LastRow: p.last, Note: p.note}
}
