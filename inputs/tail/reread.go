package tail

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
	"github.com/renthub/sluice/inputs/framing"
)

var _ inputs.Rereader = (*Tailer)(nil)

// Reread implements inputs.Rereader.
func (t *Tailer) Reread(ctx context.Context, source uint64, seen []inputs.Position, want []inputs.Extent) (*event.Batch, error) {
	again, err := t.findAgain(ctx, source, seen)
	if err != nil {
		return nil, err
	}
	defer again.body.Close()
	framer, err := framing.New(t.opts.Framing)
	if err != nil {
		return nil, err
	}
	src := t.newSource(seen[0].Name, source)
	batch := t.deps.Pool.Get(src)
	for _, e := range want {
		if err := ctx.Err(); err != nil {
			t.deps.Pool.Put(batch)
			return nil, err
		}
		rec, ok := again.record(framer, e)
		if !ok {
			continue
		}
		row := batch.AddLine(rec.Text, rec.Pos, rec.Size)
		row.Flags, row.Error = rec.Flags, rec.Error
	}
	return batch, nil
}

// rereading is an open file in which a source's content was found again.
type rereading struct {
	body     *body
	encoding framing.Encoding
	buf      []byte
}

// record cuts the record with the given extent. The bytes alone say where a record ends, but not why: one whose line's end
// is not in it is looked at together with what follows, so that it gets its flags again.
func (r *rereading) record(f *framing.Framer, e inputs.Extent) (framing.Record, bool) {
	before := 0
	if e.Pos > 0 {
		before = 1
	}
	data, whole := r.read(e.Pos-int64(before), before+int(e.Size))
	if !whole || e.Size == 0 {
		return framing.Record{}, false
	}
	place := framing.Place{Encoding: r.encoding}
	if before > 0 && data[0] != '\n' && data[0] != 0 { // a zero byte is half of a UTF-16 line end, or of a hole
		place.Inside = framing.Split
	}
	start := place
	if last := data[len(data)-1]; last != '\n' && last != 0 {
		data, _ = r.read(e.Pos, int(e.Size)+f.Need())
		if rec, n := f.Next(&place, data, e.Pos, framing.Ended); fits(rec, n, e) {
			return rec, true
		}
		if len(data) < int(e.Size) { // it was emptied this moment
			return framing.Record{}, false
		}
		data, place, before = data[:e.Size], start, 0
	}
	rec, n := f.Next(&place, data[before:], e.Pos, framing.Ended)
	return rec, fits(rec, n, e)
}

func fits(rec framing.Record, n int, e inputs.Extent) bool {
	return rec.Pos == e.Pos && rec.Size == int(e.Size) && n == rec.Size
}

// read returns n bytes of the content, or as many as there are. They are valid until the next call.
func (r *rereading) read(off int64, n int) (data []byte, whole bool) {
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	got, _ := r.body.ReadAt(r.buf[:n], off) // what cannot be read is not there
	return r.buf[:got], got == n
}

// findAgain opens the file that holds a source's content: where it is read now, where it was, or beside that under the name
// of a rotation, also copied or compressed.
func (t *Tailer) findAgain(ctx context.Context, source uint64, seen []inputs.Position) (*rereading, error) {
	tried := map[string]bool{}
	for _, path := range t.placesOf(source, seen) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if tried[path] {
			continue
		}
		tried[path] = true
		if r := t.holdsAgain(path, seen); r != nil {
			return r, nil
		}
	}
	return nil, fmt.Errorf("look for %s: %w", seen[0].Name, inputs.ErrGone)
}

// placesOf lists the paths where a source may be, the likeliest first.
func (t *Tailer) placesOf(source uint64, seen []inputs.Position) []string {
	var paths, folders []string
	t.mu.Lock()
	for g := range t.live {
		if g.src.ID == source {
			paths = append(paths, g.snapshot().path)
		}
	}
	t.mu.Unlock()
	for _, pos := range seen {
		paths = append(paths, pos.Name)
	}
	for i, path := range paths {
		if dir := filepath.Dir(path); i == 0 || dir != folders[len(folders)-1] {
			folders = append(folders, dir)
		}
	}
	for _, dir := range folders {
		for _, name := range siblings(seen[0].Name, dir) {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths
}

// holdsAgain opens the file at path if it holds what was read up to one of the positions.
func (t *Tailer) holdsAgain(path string, seen []inputs.Position) *rereading {
	info, id, err := look(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	p := t.patternOver(path)
	if p == nil {
		return nil
	}
	var b *body
	for _, pos := range seen {
		st, err := decodeState(pos.State, pos.End)
		if err != nil || id != st.id && !rotationOf(filepath.Base(pos.Name), filepath.Base(path)) {
			continue
		}
		if b == nil {
			if b, err = openBody(p, path); err != nil {
				return nil
			}
		}
		if pos.End == 0 && b.id != st.id { // nothing else would tell it
			continue
		}
		if ok, err := st.marks.match(b, pos.End); err == nil && ok {
			return &rereading{body: b, encoding: st.place.Encoding}
		}
	}
	if b != nil {
		b.Close()
	}
	return nil
}

// patternOver returns the pattern that names path, or one in whose folder it is.
func (t *Tailer) patternOver(path string) *pattern {
	for _, p := range t.patterns {
		if p.matchesFile(path) {
			return p
		}
	}
	for _, p := range t.patterns {
		if filepath.Dir(path) == p.base || below(path, p.base) {
			return p
		}
	}
	return nil
}
