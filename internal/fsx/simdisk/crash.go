package simdisk

import (
	"math/rand/v2"
	"path"
	"slices"
)

// Mode is what a power cut does to what was not synced.
type Mode string

// The modes. Kill is the death of the process: the kernel lives on and loses nothing, but what was not synced can
// still be lost by another crash.
const (
	Kill    Mode = "kill"    // all is kept, and as synced as it was
	LoseAll Mode = "lose"    // all is lost
	Sectors Mode = "sectors" // of data any 512-byte sectors are kept, of entries any
	Pages   Mode = "pages"   // of data any 4 KiB pages are kept, of entries any
	Zeros   Mode = "zeros"   // files have grown, but some of the new data are zeros; entries are kept
	Garbage Mode = "garbage" // the same with garbage
	Reorder Mode = "reorder" // any whole writes are kept, in any order; of entries any
	Entries Mode = "entries" // all data are kept, of entries any
)

// Modes lists all modes.
func Modes() []Mode {
	return []Mode{Kill, LoseAll, Sectors, Pages, Zeros, Garbage, Reorder, Entries}
}

// Crash returns the disk as it is found when the power is back. The disk itself stays as it is.
func (d *Disk) Crash(mode Mode, seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	if mode == Kill {
		return d.fork()
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	entries := map[string]*node{}
	for name, n := range d.durable {
		entries[name] = n
	}
	for _, op := range d.pending {
		if keepEntry(mode, rng) {
			op.apply(entries)
		}
	}
	out := New()
	for _, name := range sorted(entries) {
		n := entries[name]
		if name == "/" || !reachable(entries, name) {
			continue
		}
		c := &node{dir: n.dir}
		if !n.dir {
			c.data = n.after(mode, rng)
			c.synced = slices.Clone(c.data)
		}
		out.live[name] = c
		out.durable[name] = c
	}
	return out
}

// fork is a copy of the disk as it is.
func (d *Disk) fork() *Disk {
	copies := map[*node]*node{nil: nil}
	copyOf := func(n *node) *node {
		if c, done := copies[n]; done {
			return c
		}
		c := &node{dir: n.dir, data: slices.Clone(n.data), synced: slices.Clone(n.synced), writes: slices.Clone(n.writes)}
		copies[n] = c
		return c
	}
	out := New()
	out.Capacity = d.Capacity
	for name, n := range d.live {
		out.live[name] = copyOf(n)
	}
	for name, n := range d.durable {
		out.durable[name] = copyOf(n)
	}
	for _, op := range d.pending {
		op.node = copyOf(op.node)
		out.pending = append(out.pending, op)
	}
	return out
}

func sorted(m map[string]*node) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func reachable(entries map[string]*node, name string) bool {
	for name != "/" {
		name = path.Dir(name)
		if n := entries[name]; n == nil || !n.dir {
			return false
		}
	}
	return true
}

func keepEntry(mode Mode, rng *rand.Rand) bool {
	switch mode {
	case LoseAll:
		return false
	case Sectors, Pages, Reorder, Entries:
		return rng.IntN(2) == 0
	}
	return true
}

// after is a file's content after a power cut.
func (n *node) after(mode Mode, rng *rand.Rand) []byte {
	data := slices.Clone(n.synced)
	writes := slices.Clone(n.writes)
	switch mode {
	case LoseAll:
		return data
	case Reorder:
		rng.Shuffle(len(writes), func(i, j int) { writes[i], writes[j] = writes[j], writes[i] })
	}
	for _, w := range writes {
		data = w.land(data, mode, rng)
	}
	return data
}

// land writes what a power cut leaves of a write.
func (w write) land(data []byte, mode Mode, rng *rand.Rand) []byte {
	step := int64(512)
	switch mode {
	case Entries:
		return put(data, w.data, w.off)
	case Reorder:
		if rng.IntN(2) == 0 {
			return data
		}
		return put(data, w.data, w.off)
	case Pages:
		step = 4096
	}
	end := w.off + int64(len(w.data))
	for at := w.off; at < end; {
		next := min((at/step+1)*step, end)
		part := w.data[at-w.off : next-w.off]
		switch keep := rng.IntN(2) == 0; {
		case keep:
			data = put(data, part, at)
		case mode == Zeros:
			data = put(data, make([]byte, len(part)), at)
		case mode == Garbage:
			data = put(data, noise(len(part), rng), at)
		}
		at = next
	}
	return data
}

func noise(n int, rng *rand.Rand) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(rng.Uint32())
	}
	return out
}

// Edit changes a file's content as a fault of the medium would, or makes one; nil removes it.
func (d *Disk) Edit(name string, edit func(data []byte) []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = clean(name)
	n := d.live[name]
	if n == nil {
		n = &node{}
		d.live[name], d.durable[name] = n, n
	}
	n.data = edit(n.data)
	if n.data == nil {
		delete(d.live, name)
		delete(d.durable, name)
		return
	}
	n.synced = slices.Clone(n.data)
	n.writes = nil
}
