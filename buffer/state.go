package buffer

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

var errEncoding = errors.New("encoding is damaged")

// appendEntries encodes entries: for each the key's length and the key, then the value's length plus one
// (zero deletes) and the value. Lengths are varints.
func appendEntries(dst []byte, entries []Entry) []byte {
	for _, e := range entries {
		dst = binary.AppendUvarint(dst, uint64(len(e.Key)))
		dst = append(dst, e.Key...)
		if e.Value == nil {
			dst = append(dst, 0)
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(len(e.Value))+1)
		dst = append(dst, e.Value...)
	}
	return dst
}

// decodeEntries is the inverse of appendEntries. Values are parts of b.
func decodeEntries(b []byte) ([]Entry, error) {
	var out []Entry
	d := decoder{b: b}
	for len(d.b) > 0 && d.err == nil {
		e := Entry{Key: string(d.bytes(d.uvarint()))}
		if n := d.uvarint(); n > 0 {
			e.Value = d.bytes(n - 1)
		}
		out = append(out, e)
	}
	return out, d.err
}

// decoder takes varints and byte strings from b, and remembers that it could not.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.err = nil, errEncoding
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.b, d.err = nil, errEncoding
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	if out == nil {
		out = []byte{}
	}
	return out
}

// stateMap is the state by key.
type stateMap map[string][]byte

func (m stateMap) apply(entries []Entry) {
	for _, e := range entries {
		if e.Value == nil {
			delete(m, e.Key)
			continue
		}
		m[e.Key] = e.Value
	}
}

// entries lists the state, sorted by key so that equal states have equal bytes.
func (m stateMap) entries() []Entry {
	out := make([]Entry, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Entry{k, m[k]})
	}
	return out
}

// State returns a copy of the latest state. It holds what was appended, synced or not; after a restart it is
// what of it was whole on disk. The values are shared and read-only.
func (l *Log) State() map[string][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := maps.Clone(l.state)
	for _, c := range l.pending {
		for i := range c.records {
			state.apply(c.records[i].State)
		}
	}
	return state
}
