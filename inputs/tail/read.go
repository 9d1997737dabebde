package tail

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/renthub/sluice/inputs/framing"
)

// retryOpen is how long a file waits that could not be opened.
const retryOpen = 5 * time.Second

// read takes up to about share bytes of g. It returns how many were taken, and whether there may be more right now.
func (w *worker) read(g *generation, share int, now time.Time) (n int, more bool) {
	if g.done {
		w.touch(g)
		return 0, false
	}
	if g.waiting {
		return 0, false
	}
	if w.asked[g.src.Name] {
		w.enqueue(g)
		return 0, false
	}
	if g.declare {
		g.declare = false
		w.touch(g)
	}
	if g.spent {
		w.rest(g, 0, now)
		return 0, false
	}
	if !w.ensureOpen(g, now) {
		return 0, false
	}
	for want := share; ; want = min(4*want, w.framer.Need()) {
		look := lookback(g.end)
		buf := w.room(look + want)
		got, err := g.body.ReadAt(buf, g.end-int64(look))
		if got < look && notEOF(err) {
			w.fail(g, err, now)
			return 0, false
		}
		if got < look || look > 0 && !g.marks.hold(buf[:look]) {
			w.report(g, changed)
			return 0, false
		}
		whole := got < len(buf)
		if g.end == 0 && g.body.zip == nil && isGzip(g.body) { // it was empty when it was opened
			g.body.zip = newGunzip(g.body.file)
			continue
		}
		taken := w.take(g, buf[:got], look, whole, now)
		if whole && notEOF(err) || w.cutShort(g, err, now) {
			w.fail(g, err, now)
			if g.spent { // and the line that it breaks off in
				taken += w.take(g, buf[:got], look+taken, whole, now)
			}
			return taken, false
		}
		if !whole && taken == 0 { // one record is longer than what was read
			continue
		}
		if whole {
			w.rest(g, taken, now)
		}
		return taken, !whole
	}
}

func notEOF(err error) bool { return err != nil && err != io.EOF && err != io.ErrUnexpectedEOF }

// cutShort reports whether a compressed file breaks off, and does not grow any more.
func (w *worker) cutShort(g *generation, err error, now time.Time) bool {
	if g.body.zip == nil || err != io.ErrUnexpectedEOF {
		return false
	}
	w.remind(g, g.grewAt.Add(w.t.opts.RotateWait))
	return w.t.opts.Once || now.Sub(g.grewAt) >= w.t.opts.RotateWait
}

// room returns a buffer of n bytes. The usual one is kept; a larger one is not.
func (w *worker) room(n int) []byte {
	if n > len(w.buf) {
		if n > passBytes+headSize {
			return make([]byte, n)
		}
		w.buf = make([]byte, passBytes+headSize)
	}
	return w.buf[:n]
}

// take cuts the bytes of buf behind the first look ones, which were read before, into records. Whole says that buf goes
// up to the end of what there is.
func (w *worker) take(g *generation, buf []byte, look int, whole bool, now time.Time) int {
	data := buf[look:]
	tail := framing.Open
	if seen := g.end + int64(len(data)); seen > g.seenTo {
		g.seenTo, g.grewAt, g.hold = seen, now, 0
		if whole && w.t.opts.Once {
			tail = framing.Ended
		}
	} else if whole {
		tail = w.tailOf(g, now)
	}
	if len(data) > 0 && data[0] == 0 {
		if skipped := w.skipHole(g, data); skipped > 0 {
			return skipped
		}
	}
	taken := 0
	for {
		rec, n := w.framer.Next(&g.place, data[taken:], g.end+int64(taken), tail)
		if n > 0 {
			w.touch(g)
		}
		taken += n
		if rec.Size == 0 {
			break
		}
		row := g.batch.AddLine(rec.Text, rec.Pos, rec.Size)
		row.Flags, row.Error = rec.Flags, rec.Error
	}
	g.hold = w.framer.Wait()
	if taken > 0 {
		g.end += int64(taken)
		g.marks = g.marks.moved(buf[:look+taken], g.end)
		g.publish()
	}
	return taken
}

// tailOf says what is known of the bytes behind those that there are, none having come since the last look.
func (w *worker) tailOf(g *generation, now time.Time) framing.Tail {
	idle := now.Sub(g.grewAt)
	switch {
	case w.t.opts.Once, g.spent, w.over(g, now),
		w.t.opts.PartialTimeout > 0 && idle >= w.t.opts.PartialTimeout:
		return framing.Ended
	case g.hold > 0 && idle >= g.hold:
		return framing.Quiet
	}
	return framing.Open
}

// over reports whether g has lost its name, and neither that nor its last byte was less than RotateWait ago.
func (w *worker) over(g *generation, now time.Time) bool {
	wait := w.t.opts.RotateWait
	return !g.goneAt.IsZero() && now.Sub(g.goneAt) >= wait && now.Sub(g.grewAt) >= wait
}

// rest decides when to look at g again, after it was read to its end.
func (w *worker) rest(g *generation, taken int, now time.Time) {
	if taken > 0 {
		g.empty = 0
	} else {
		g.empty++
	}
	if w.t.opts.Once {
		return
	}
	if !g.goneAt.IsZero() {
		if taken == 0 && w.over(g, now) {
			w.report(g, drained)
			return
		}
		w.remind(g, now.Add(gonePoll))
	}
	if g.end < g.seenTo {
		if g.hold > 0 {
			w.remind(g, g.grewAt.Add(g.hold))
		}
		if w.t.opts.PartialTimeout > 0 {
			w.remind(g, g.grewAt.Add(w.t.opts.PartialTimeout))
		}
	}
	if g.empty < coldPasses {
		w.enqueue(g)
	}
}

// skipHole passes over a hole in a file, such as a truncation leaves whose writer goes on at its old offset.
func (w *worker) skipHole(g *generation, data []byte) int {
	const page = 4096
	if g.body.zip != nil || g.place.Inside != framing.Between || len(data) < page || !zeros(data[:page]) {
		return 0
	}
	to := dataAfter(g.body.file, g.end)
	if to < g.end+page {
		return 0
	}
	m, err := marksAt(g.body, to)
	if err != nil {
		return 0
	}
	w.touch(g)
	w.t.metrics.lost.WithLabelValues(lostNULs).Add(float64(to - g.end))
	w.t.deps.Logger.Warn("file has a hole that was passed over", "path", g.at, "bytes", to-g.end)
	g.marks, g.seenTo = m, max(g.seenTo, to)
	g.end = to
	g.publish()
	return page // it costs about as much
}

func zeros(data []byte) bool {
	for _, c := range data {
		if c != 0 {
			return false
		}
	}
	return true
}

// report asks the scanner what to do with g, which is not read until it answers.
func (w *worker) report(g *generation, kind reportKind) {
	g.waiting = true
	if kind != drained {
		w.asked[g.src.Name] = true
	}
	if kind == changed {
		w.close(g)
	}
	w.t.reports.put(report{kind, g})
}

// ensureOpen opens g's body if it is not open. It returns false if g cannot be read now.
func (w *worker) ensureOpen(g *generation, now time.Time) bool {
	if g.body != nil {
		w.opened.use(g)
		return true
	}
	b, err := openBody(g.pattern, g.at)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) || errors.Is(err, errOutside) {
			w.report(g, missing)
		} else {
			w.fail(g, err, now)
		}
		return false
	}
	if b.id != g.want {
		b.Close()
		w.report(g, missing)
		return false
	}
	w.keep(g, b)
	g.setNote("")
	if g.end > headSize { // what is read next only checks the anchor
		if ok, err := g.marks.match(b, g.end); err == nil && !ok {
			w.report(g, changed)
			return false
		}
	}
	return true
}

// fail notes why g cannot be read and has it tried again.
func (w *worker) fail(g *generation, err error, now time.Time) {
	if errors.Is(err, errDamaged) || errors.Is(err, errBomb) || err == io.ErrUnexpectedEOF {
		w.spend(g, err)
		return
	}
	if errors.Is(err, os.ErrClosed) { // the scanner took the body away
		g.waiting = true
		return
	}
	note := err.Error()
	if errors.Is(err, fs.ErrPermission) {
		note = "permission denied"
	}
	if g.snapshot().note != note {
		w.t.deps.Logger.Warn("file cannot be read", "path", g.at, "error", err)
		g.setNote(note)
	}
	w.remind(g, now.Add(retryOpen))
}

// spend gives up the rest of a damaged archive, for good.
func (w *worker) spend(g *generation, err error) {
	if g.spent {
		return
	}
	info, statErr := g.body.file.Stat()
	if statErr == nil && g.body.zip != nil && g.body.zip.in != nil {
		w.t.metrics.lost.WithLabelValues(lostGzip).Add(float64(max(0, info.Size()-g.body.zip.in.n)))
	}
	w.t.deps.Logger.Warn("rest of compressed file is given up", "path", g.at, "offset", g.end, "error", err)
	g.setNote(err.Error())
	g.spent = true
	w.touch(g)
}
